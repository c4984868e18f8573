package workload

import (
	"fmt"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/model"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

// newRow is a model's row in a workload that starts pools of so many workers.
func (p *Plan) newRow(m load.Model, workers int, s load.Sample, wall, ideal time.Duration) result.Row {
	r := p.nameOf(m, workers)
	r.Wall, r.Ideal, r.P50, r.P99, r.Max = wall, ideal, s.Percentile(50), s.Percentile(99), s.Percentile(100)
	r.InFlight, r.Started, r.Running, r.Lost, r.From = s.InFlight, s.Started, s.Running, s.Lost(), s.From
	if m.Apart && m.Kind != result.Modelled {
		r.Started, r.Running = result.Unknown, result.Unknown
	}
	r.Latencies = result.Distribution(s.Latencies)
	if m.Kind != result.Real { // there it has what its start took
		r.Cores = s.Cores()
	}
	return r
}

// above notes why a row is faster than its ideal, if it is.
func above(r *result.Row, why string) {
	if r.Wall > 0 && r.Wall < r.Ideal {
		r.Above = why
	}
}

// Reasons for being faster than an ideal.
const (
	workWasFaster = "a step of the work was faster than when it was calibrated"
	timerWasEarly = "its timers count whole milliseconds, and may fire before the last one is over"
)

// nameOf is a model's row without figures.
func (p *Plan) nameOf(m load.Model, workers int) result.Row {
	return result.Row{Model: m.Name, Name: p.shown(m, workers), Like: m.Like, Kind: m.Kind}
}

func (p *Plan) shown(m load.Model, workers int) string {
	switch {
	case m.Shown != "":
		return m.Shown
	case m.Apart, m.Name == "loops(k)":
		workers = min(workers, p.Cores) // no more than there are cores
	}
	return model.Shown(m.Name, workers)
}

// breaks notes the figure by which a row breaks its table's rule, and why. Into a real runtime
// nobody looks.
func breaks(r *result.Row, figure, why string) {
	r.Broken = figure
	if r.Kind != result.Real {
		r.Broken += ": " + why
	}
}

// note keeps a model's rounds under workload/model/figure.
func note(fs verdict.Figures, workload string, m load.Model, s load.Sample) {
	name := workload + "/" + m.Name + "/"
	fs[name+"wall"] = seconds(s, func(s load.Sample) time.Duration { return s.Wall })
	fs[name+"p50"] = seconds(s, func(s load.Sample) time.Duration { return s.Percentile(50) })
	fs[name+"p99"] = seconds(s, func(s load.Sample) time.Duration { return s.Percentile(99) })
}

func seconds(s load.Sample, of func(load.Sample) time.Duration) (f verdict.Figure) {
	for _, d := range ofRounds(s, of) {
		f = append(f, d.Seconds())
	}
	return f
}

func ofRounds(s load.Sample, of func(load.Sample) time.Duration) (ds []time.Duration) {
	for _, round := range s.Rounds {
		ds = append(ds, of(round))
	}
	return ds
}

// level is a sample as one step of what a table varies.
func level(at int, s load.Sample) result.Level {
	return result.Level{
		At: int64(at), Label: fmt.Sprint(at), N: int64(at), Wall: s.Wall, P50: s.Percentile(50), P99: s.Percentile(99),
		From: s.From,
	}
}

// share is how much of the ideal a wall time reaches, in percent.
func share(ideal, wall time.Duration) float64 {
	if wall == 0 {
		return 0
	}
	return 100 * float64(ideal) / float64(wall)
}

// short prints a duration with three digits that mean something.
func short(d time.Duration) string { return result.Short(d) }
