package workload

import (
	"fmt"
	"strings"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/model"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

const (
	// OneWait is how long each request waits.
	OneWait = 10 * time.Millisecond
	// WaitWorkers is what Python's ThreadPoolExecutor has at most by default.
	WaitWorkers = 32
	// maxMeasured is up to how many waits those are measured that hold few at once; above, they are
	// extrapolated.
	maxMeasured = 100
	// alike is up to how many threads a simulated interpreter takes about as long as Python. With
	// more, threads of the system that wait for the lock wake up again and again, to ask for it.
	alike = 100
)

// WaitTable is the table of wait, for n at once, without its rows.
func WaitTable(n int) result.Table {
	return result.Table{
		Name:   "wait",
		Title:  fmt.Sprintf("%d at once of %v each; a pool has %d workers, one of processes a process per core", n, OneWait, WaitWorkers),
		Rule:   "all within three times one wait",
		Limit:  3 * OneWait,
		BarOf:  result.Wall,
		Steps:  "requests in flight",
		StepOf: result.Speed,
	}
}

// wait shows what waits at once cost, more and more of them. The rows' figures are those of the
// last step.
func wait(p Plan) Outcome {
	out := Outcome{Figures: verdict.Figures{}}
	levels := make([][]result.Level, len(p.Models))
	var few []load.Sample // the samples that are extrapolated
	for _, n := range p.InFlight {
		known := func(m load.Model) bool { return m.Few && n > maxMeasured } // from the step before
		samples := p.alternate(fmt.Sprintf("wait, %d in flight", n), WaitWorkers, waits(n), known)
		if p.Ctx.Err() != nil && len(out.Table.Rows) > 0 {
			break // the rows of the step before are whole
		}
		out.Table = WaitTable(n)
		for i, m := range p.Models {
			s := samples[i]
			if known(m) && few != nil {
				s = few[i].Extrapolate(maxMeasured, n)
			}
			if s.Sent == 0 {
				continue
			}
			row := p.newRow(m, WaitWorkers, s, s.Wall, OneWait)
			levels[i] = append(levels[i], level(n, s))
			row.Levels = levels[i]
			above(&row, timerWasEarly)
			if n > alike && strings.HasPrefix(m.Name, "gil ") {
				row.Like = "threads under a lock; a thousand of Python's take far longer"
			}
			JudgeWait(&row, n)
			out.Table.Rows = append(out.Table.Rows, row)
			note(out.Figures, fmt.Sprintf("wait %d", n), m, s)
		}
		if n == maxMeasured {
			few = samples
		}
	}
	p.tell(&out)
	if p.Probes && p.Ctx.Err() == nil {
		sockets(&p, &out)
	}
	return out
}

// JudgeWait says, from a row's figures, how it breaks the rule.
func JudgeWait(r *result.Row, n int) {
	if r.Wall <= 3*OneWait {
		return
	}
	why := fmt.Sprintf("all waited at once; the rest went into starting and ending them, on %.2f cores", r.Cores)
	switch {
	case r.Model == "loops(k)":
		why = fmt.Sprintf("each request is a new connection; to hand one over takes %v of CPU time", model.HandOver)
	case r.Model == "loop+processes": // the loop keeps the waits: they cost no CPU time
	case r.Started == result.Unknown:
		why = "each process keeps one wait at a time"
	case r.Started < int64(n):
		why = fmt.Sprintf("at most %d of %d waited at once", r.Started, n)
	}
	breaks(r, short(r.Wall), why)
}

// waits are n at once. They are not heavy: a wait costs no CPU time, so a loop with a pool keeps
// it.
func waits(n int) load.Scenario { return load.Burst(n, load.Ask{Wait: OneWait}) }
