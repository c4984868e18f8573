package workload

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

// LanguageTable is the table of language without its rows.
func LanguageTable() result.Table {
	return result.Table{
		Name:   "language",
		Title:  "the same work in each language, on one thread; wall: " + load.Works[0].Label + " of a random number generator",
		BarOf:  result.Wall,
		Steps:  "the work",
		StepOf: result.Wall,
	}
}

// language shows what the calibration of the other workloads hides: the interpreter.
func language(p Plan) Outcome {
	out := Outcome{Table: LanguageTable(), Figures: verdict.Figures{}}
	if len(p.Languages) == 0 {
		return out
	}
	all := append([]load.Language{ours(p)}, p.Languages...)
	failed := make([]error, len(all))
	for round := range p.Rounds {
		p.look(round)
		for _, i := range load.RoundOrder(p.Seed, round, len(all)) {
			if p.Ctx.Err() != nil {
				return out
			}
			if failed[i] != nil {
				continue
			}
			p.Progress(fmt.Sprintf("language, round %d of %d: %s", round+1, p.Rounds, all[i].Name))
			found, err := all[i].Measure(p.Ctx)
			failed[i] = err
			for figure, v := range found {
				for _, key := range keys(all[i].Name, figure) {
					out.Figures[key] = append(out.Figures[key], v)
				}
			}
		}
	}
	for i, l := range all {
		if failed[i] != nil {
			out.Table.Remarks = append(out.Table.Remarks, l.Name+" is left out here: "+failed[i].Error())
			continue
		}
		out.Table.Rows = append(out.Table.Rows, languageRow(l, i == 0, out.Figures))
	}
	if turn := turns(out.Table.Rows); turn != "" {
		out.Table.Remarks = append(out.Table.Remarks, turn)
	}
	p.tell(&out)
	return out
}

// keys are the names of a language's figure: the workload's own, and that of a claim which is
// judged by a row of another workload.
func keys(language, figure string) []string {
	all := []string{"language/" + language + "/" + figure}
	switch {
	case figure == "threads per connection":
		all = append(all, "wait/"+language+"/"+figure)
	case strings.HasPrefix(figure, "share of"):
		all = append(all, "crunch/"+language+" threads/"+figure)
	}
	return all
}

func languageRow(l load.Language, ours bool, fs verdict.Figures) result.Row {
	r := result.Row{Model: l.Name, Name: l.Name, Like: l.Like, Kind: result.Real}
	if ours {
		r.Model, r.Kind = "goroutines", ""
	}
	for i, work := range load.Works {
		took := time.Duration(fs["language/"+l.Name+"/"+work.Name].Median() * float64(time.Second))
		r.Levels = append(r.Levels,
			result.Level{At: int64(i), Label: work.Label, N: 1, Wall: took, P50: took, P99: took})
	}
	r.Wall = r.Levels[0].Wall
	return r
}

// turns says how long a step of the generator takes in each language.
func turns(rows []result.Row) string {
	var each []string
	for _, r := range rows {
		each = append(each, fmt.Sprintf("%.1f ns in %s", float64(r.Wall)/float64(load.Works[0].Size), r.Name))
	}
	if len(each) == 0 {
		return ""
	}
	return "a step takes " + strings.Join(each, ", ") +
		"; in the other tables a millisecond of CPU time is one by each language's own clock, so that these differences do not count there"
}

// ours is Go, by the same works.
func ours(p Plan) load.Language {
	return load.Language{
		Name: "Go", Like: "compiled before it runs",
		Measure: func(context.Context) (map[string]float64, error) {
			found := make(map[string]float64)
			for _, work := range load.Works {
				begin := time.Now()
				Do(work, p.Job)
				found[work.Name] = time.Since(begin).Seconds()
			}
			return found, nil
		},
	}
}

// Do does a work in Go, and returns its result.
func Do(work load.Work, job func(load.Ask) load.Job) (value int) {
	switch work.Name {
	case "turns":
		x := uint32(1)
		for range work.Size {
			x = x*1664525 + 1013904223
		}
		value = int(x)
	case "fib":
		value = fib(work.Size)
	case "callbacks":
		value = chain(work.Size)
	case "calibrated":
		ctx := context.Background()
		_, _ = load.Perform.Local(ctx, job(load.Ask{Compute: time.Duration(work.Size) * time.Millisecond}))
	}
	runtime.KeepAlive(value)
	return value
}

func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

// chain runs n callbacks on a loop, each of which queues the next.
func chain(n int) (ran int) {
	loop := eventloop.New(eventloop.Config{})
	var next func()
	next = func() {
		if ran++; ran < n {
			loop.Immediate(next)
		}
	}
	loop.Immediate(next)
	_ = loop.Run(context.Background())
	return ran
}
