// Package workload has what compare does with its models: six workloads, each of which makes a table, and the figures that
// claims are judged by.
package workload

import (
	"context"
	"fmt"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/model"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

// Plan says what is done, and how long it takes.
type Plan struct {
	// Ctx's end stops after the run in progress.
	Ctx    context.Context
	Models []load.Model
	Rounds int
	Seed   uint64 // where the order of the models begins
	// Work is a job of so much CPU time.
	Work func(time.Duration) load.Job

	Mixed     time.Duration // one row of mixed
	InFlight  []int         // the steps of wait
	Workers   []int         // the steps of crunch
	Receivers []int         // the steps of chat

	// Progress is told what is about to run.
	Progress func(what string)
}

// Short is the plan of three workloads in some 30 seconds, Full that of all six in about two minutes.
func Short(ctx context.Context, spin load.Spinner) Plan {
	return Plan{
		Ctx: ctx, Models: model.Six, Rounds: 3, Work: spin.Job,
		Mixed: 300 * time.Millisecond, InFlight: []int{1, 10, 100, 1000}, Workers: []int{model.Cores()}, Receivers: []int{100},
		Progress: func(string) {},
	}
}

// Full has every row.
func Full(ctx context.Context, spin load.Spinner) Plan {
	p := Short(ctx, spin)
	p.Models, p.Receivers = model.All, []int{10, 100, 1000}
	if model.Cores() > 1 {
		p.Workers = []int{1, model.Cores()}
	}
	return p
}

// Workload is one of the six.
type Workload struct {
	Name string
	Long bool // only in a full run, unless it is asked for
	Run  func(p Plan) Outcome
}

// All are the workloads, in their order.
var All = []Workload{
	{Name: "mixed", Run: mixed},
	{Name: "wait", Run: wait},
	{Name: "crunch", Run: crunch},
}

// Outcome is what a workload found. Table has no rows when it was interrupted too early.
type Outcome struct {
	Table   result.Table
	Figures verdict.Figures
}

// alternate runs every model once a round, so that drift of the machine meets all alike, and merges each one's rounds.
func (p *Plan) alternate(what string, one func(m load.Model) load.Sample) []load.Sample {
	all := make([][]load.Sample, len(p.Models))
	for round := range p.Rounds {
		for _, i := range load.RoundOrder(p.Seed, round, len(p.Models)) {
			if p.Ctx.Err() == nil {
				p.Progress(fmt.Sprintf("%s, round %d of %d: %s", what, round+1, p.Rounds, p.Models[i].Name))
				all[i] = append(all[i], one(p.Models[i]))
			}
		}
	}
	merged := make([]load.Sample, len(p.Models))
	for i, rounds := range all {
		merged[i] = load.Merge(rounds)
	}
	return merged
}
