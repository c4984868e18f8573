package workload

import (
	"context"
	"slices"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/model"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

// costed are the models whose workers differ.
var costed = []string{"inline", "loop", "gil threads", "pool(k)", "processes(k)"}

// payloads are what a call takes along, and brings back.
var payloads = []struct {
	label string
	bytes int
	calls int
}{{"0 B", 0, 300}, {"1 KiB", 1 << 10, 300}, {"1 MiB", 1 << 20, 20}}

// CostTable is the table of cost without its rows.
func CostTable() result.Table {
	return result.Table{
		Name:   "cost",
		Title:  "a call there and back, one after the other, with nothing to do; wall: the median of an empty one",
		BarOf:  result.Wall,
		Steps:  "payload",
		StepOf: result.P50,
	}
}

// cost shows what a model's workers cost before they have done anything.
func cost(p Plan) Outcome {
	out := Outcome{Table: CostTable(), Figures: verdict.Figures{}}
	for _, name := range costed {
		m := model.Named(name)
		if p.Ctx.Err() != nil {
			return out
		}
		p.Progress("cost, calls: " + name)
		row := p.nameOf(m, p.Cores)
		row.Worker = p.worker(m)
		p.roundTrips(m, &row)
		row.Wall, row.Ideal = row.P50, 0
		key := "cost/" + m.Name + "/"
		row.Worker.BreakEven = result.Unknown
		if name != "inline" { // the others are compared with it
			p.Progress("cost, break-even: " + name)
			p.look(0)
			row.Worker.BreakEven = p.breakEven(m)
			out.Figures[key+"break-even"] = verdict.Never()
		}
		out.Table.Rows = append(out.Table.Rows, row)
		out.Figures[key+"round trip"] = verdict.Exactly(row.P50.Seconds())
		out.Figures[key+"start"] = verdict.Exactly(row.Worker.Start.Seconds())
		out.Figures[key+"memory"] = verdict.Exactly(float64(row.Worker.Memory))
		if even := row.Worker.BreakEven; even > 0 {
			out.Figures[key+"break-even"] = verdict.Exactly(even.Seconds())
		}
	}
	p.tell(&out)
	for _, r := range out.Table.Rows {
		if r.Noisy {
			r.Worker.BreakEven = result.Unknown // it would be that of the others' pauses
		}
	}
	return out
}

// roundTrips fills in the row's latencies, and its levels by payload.
func (p *Plan) roundTrips(m load.Model, row *result.Row) {
	server := m.Open(load.Setup{Workers: p.Cores})
	defer server.Shut()
	for i, size := range payloads {
		data, took := make([]byte, size.bytes), make([]time.Duration, size.calls)
		thereAndBack(server.Executor, load.Echo, data) // the first one is dearer
		begin := time.Now()
		for k := range took {
			from := time.Now()
			thereAndBack(server.Executor, load.Echo, data)
			took[k] = time.Since(from)
		}
		wall := time.Since(begin)
		slices.Sort(took)
		row.Levels = append(row.Levels, result.Level{
			At: int64(size.bytes), Label: size.label, N: int64(size.calls), Wall: wall,
			P50: result.Percentile(took, 50), P99: result.Percentile(took, 99),
		})
		if i == 0 {
			row.P50, row.P99, row.Max = result.Percentile(took, 50), result.Percentile(took, 99), took[len(took)-1]
			row.Latencies, row.InFlight = result.Distribution(took), 1
		}
	}
}

// thereAndBack hands a call over, and waits for its result. It is no Do, which an idle pool runs on
// the caller's own goroutine: then nothing goes there.
func thereAndBack[In, Out any](ex quartet.Executor, f *quartet.Func[In, Out], in In) (out Out) {
	out, _ = f.Go(context.Background(), ex, in).Await(context.Background())
	return out
}

// breakEven is the shortest task, of powers of two of microseconds, from which on a batch ends at
// least a tenth sooner on the model than inline; 0 when there is none up to four milliseconds.
func (p *Plan) breakEven(m load.Model) time.Duration {
	if p.Cores < 2 {
		return 0
	}
	server := m.Open(load.Setup{Workers: p.Cores})
	defer server.Shut()
	even := time.Duration(0)
	for length := 4096 * time.Microsecond; length >= time.Microsecond && p.Ctx.Err() == nil; length /= 2 {
		job := p.Job(load.Ask{Compute: length})
		if !gains(func() time.Duration { return batch(server.Executor, job) },
			func() time.Duration { return batch(quartet.Inline(), job) }) {
			break
		}
		even = length
	}
	return even
}

// gains reports whether the quickest of five runs took less than nine tenths of inline's. They take
// turns. The quickest is the one that other programs have disturbed least.
func gains(run, inline func() time.Duration) bool {
	quickest, plain := run(), inline()
	for range 4 {
		quickest, plain = min(quickest, run()), min(plain, inline())
	}
	return quickest*10 < plain*9
}

// batch is how long 32 jobs take that are sent at once.
func batch(ex quartet.Executor, job load.Job) time.Duration {
	futures := make([]*quartet.Future[struct{}], 32)
	begin := time.Now()
	for i := range futures {
		futures[i] = load.Perform.Go(context.Background(), ex, job)
	}
	_, _ = quartet.AwaitAll(context.Background(), futures...)
	return time.Since(begin)
}
