// Package workload has what compare does with its models: workloads, each of which makes a table,
// and the figures that claims are judged by.
package workload

import (
	"context"
	"fmt"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/model"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

// Plan is the list of measurements, and how long each takes.
type Plan struct {
	// Ctx's end stops after the run in progress.
	Ctx    context.Context
	Models []load.Model
	Rounds int
	Seed   uint64 // where the order of the models begins
	Cores  int    // of the machine
	// Measure plays a scenario on a model: in real time, or simulated.
	Measure func(load.Model, load.Setup, load.Scenario) load.Sample
	// Job is what a request asks for on this machine; nil where there is none, so that only what
	// Measure plays is done.
	Job func(load.Ask) load.Job
	// On runs the measurements of the tables: a pool without a queue where they are simulated, and so
	// do not disturb each other. Default: quartet.Inline, one after the other.
	On quartet.Runner
	// Probes measures also what claims need besides the tables. They are of this machine, not
	// simulated.
	Probes bool

	Mixed     time.Duration // one row of mixed
	InFlight  []int         // the steps of wait
	Workers   []int         // the steps of crunch
	Receivers []int         // the steps of chat

	// Languages do the same work as Go does.
	Languages []load.Language

	// Progress is called with the name of each measurement before it runs.
	Progress func(what string)

	given  verdict.Figure           // the cores that there were, at each look
	starts map[string]time.Duration // the CPU time that processes take to start and to end
}

// Short is the plan of three workloads in some 30 seconds.
func Short(ctx context.Context, spin load.Spinner) Plan {
	return Plan{
		Ctx: ctx, Models: model.Six, Rounds: 3, Cores: model.Cores(),
		Measure: func(m load.Model, s load.Setup, sc load.Scenario) load.Sample {
			s.Spend = spin.Spend
			return load.Measure(m, s, sc, spin.Job)
		},
		Job: spin.Job, Probes: true,
		Mixed: 300 * time.Millisecond, InFlight: []int{1, 10, 100, 1000}, Workers: []int{model.Cores()},
		Receivers: []int{100},
		Progress:  func(string) {}, starts: make(map[string]time.Duration),
	}
}

// Full is p with every row, and more steps.
func (p Plan) Full() Plan {
	p.Models, p.Receivers = model.All, []int{10, 100, 1000}
	if p.Cores > 1 {
		p.Workers = []int{1, p.Cores}
	}
	return p
}

// Workload is one of them.
type Workload struct {
	Name string
	Long bool // only in a full run, unless it is asked for
	Here bool // it is not simulated
	Real bool // it needs real runtimes
	Run  func(p Plan) Outcome
}

// All are the workloads, in their order.
var All = []Workload{
	{Name: "mixed", Run: mixed},
	{Name: "wait", Run: wait},
	{Name: "crunch", Run: crunch},
	{Name: "language", Here: true, Real: true, Run: language},
	{Name: "chat", Long: true, Run: chat},
	{Name: "crash", Long: true, Here: true, Run: crash},
	{Name: "cost", Long: true, Here: true, Run: cost},
}

// Outcome is what a workload found. Table has no rows when it was interrupted too early.
type Outcome struct {
	Table   result.Table
	Figures verdict.Figures
}

// alternate plays the scenario on every model once a round, so that drift of the machine meets all
// alike, and merges each one's rounds. A model that skip names is left out, and so is one that has
// failed, with what it did before that.
func (p *Plan) alternate(what string, workers int, sc load.Scenario, skip func(load.Model) bool) []load.Sample {
	all := make([][]*quartet.Future[load.Sample], len(p.Models))
	on := p.On
	if on == nil {
		on = quartet.Inline()
	}
	whole := context.WithoutCancel(p.Ctx) // what has begun is not interrupted
	for round := range p.Rounds {
		p.look(round)
		for _, i := range load.RoundOrder(p.Seed, round, len(p.Models)) {
			m := p.Models[i]
			if p.Ctx.Err() != nil || m.Failed() || skip != nil && skip(m) {
				continue
			}
			p.Progress(fmt.Sprintf("%s, round %d of %d: %s", what, round+1, p.Rounds, m.Name))
			setup := load.Setup{Workers: workers, Requests: sc.Open(), Round: round}
			all[i] = append(all[i], quartet.Go(whole, on, func(context.Context) (load.Sample, error) {
				return p.sample(m, setup, sc), nil
			}))
			if m.Failed() {
				all[i] = nil
			}
		}
	}
	merged := make([]load.Sample, len(p.Models))
	for i, rounds := range all {
		merged[i] = load.Merge(measured(rounds))
	}
	return merged
}

func measured(rounds []*quartet.Future[load.Sample]) []load.Sample {
	samples, err := quartet.AwaitAll(context.Background(), rounds...)
	if err != nil {
		panic(err) // of a model: there is no other error
	}
	return samples
}

// sample plays the scenario on a model. The start and the end of its processes are not counted,
// here and in wall; simulated ones are there from the beginning.
func (p *Plan) sample(m load.Model, setup load.Setup, sc load.Scenario) load.Sample {
	s := p.Measure(m, setup, sc)
	if !m.Apart || m.Kind == result.Real || m.Kind == result.Modelled || p.starts == nil {
		return s
	}
	key := p.shown(m, setup.Workers)
	if _, known := p.starts[key]; !known {
		p.starts[key] = p.Measure(m, setup, load.Scenario{}).CPU
	}
	s.CPU = max(0, s.CPU-p.starts[key])
	return s
}
