package workload

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/model"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
	"github.com/quartet-go/quartet/procpool"
)

// What crash does.
const (
	crashTasks = 8
	crashWork  = 5 * time.Millisecond // CPU time of each of them
	guilty     = 1                    // which of them has the bad end
	still      = 3 * time.Second      // tasks are lost when nothing has been answered for so long
)

// fates are the ends that are tried. A process that takes memory is only limited under Linux.
func fates() []load.Fate {
	all := []load.Fate{load.Panic, load.Exit, load.Hang}
	if runtime.GOOS == "linux" {
		all = append(all, load.Memory)
	}
	return all
}

// accident is one bad end, on one model.
type accident struct {
	Model   string
	Fate    load.Fate
	Work    load.Job // of each task
	Workers int
}

// aftermath is what became of the other tasks.
type aftermath struct {
	Lost int64
	Wall time.Duration
	Died bool // the program, with all that was in it
}

// happen lets it happen in this process.
var happen = quartet.Define("compare.accident", func(_ context.Context, a accident) (aftermath, error) {
	server := model.Named(a.Model).Open(load.Setup{Workers: a.Workers, Risky: true})
	answers := make(chan int64, crashTasks) // how many of the others each has saved
	begin := time.Now()
	for i := range crashTasks {
		r := load.Request{Heavy: true, Job: a.Work}
		if i == guilty {
			r.Job.Fate = a.Fate
		}
		server.Serve(context.Background(), r, func(err error) {
			if i != guilty && err == nil {
				answers <- 1
			} else {
				answers <- 0
			}
		})
	}
	lost := crashTasks - 1 - settled(a.Fate, answers)
	took := time.Since(begin)
	if model.Named(a.Model).Apart {
		server.Shut() // else this process ends soon, and with it what hangs
	}
	return aftermath{Lost: lost, Wall: took}, nil
})

// settled waits until all tasks have been answered, but for one that hangs, or until nothing has
// been answered for still, and returns how many of the others were saved.
func settled(fate load.Fate, answers <-chan int64) (saved int64) {
	open := crashTasks
	if fate == load.Hang {
		open-- // nobody waits for that one
	}
	stuck := time.NewTimer(still)
	defer stuck.Stop()
	for range open {
		select {
		case one := <-answers:
			saved += one
			stuck.Reset(still)
		case <-stuck.C:
			return saved
		}
	}
	return saved
}

// tried is an accident in a program of its own, which it may cost; a model that has its tasks in
// other processes is tried here.
func tried(ctx context.Context, a accident) aftermath {
	if model.Named(a.Model).Apart {
		after, _ := happen.Local(ctx, a)
		return after
	}
	program, err := procpool.New(procpool.Config{
		Workers: 1, Attempts: 1, MemoryHard: model.MemoryLimit, Grace: time.Millisecond,
		OnOutput: func(procpool.Line) {},
	})
	if err != nil {
		return aftermath{Lost: crashTasks - 1, Died: true}
	}
	defer func() { _ = program.Close() }()
	_, _ = load.Perform.Do(ctx, program, load.Job{}) // it is up
	begin := time.Now()
	after, err := happen.Do(ctx, program, a)
	if err != nil {
		return aftermath{Lost: crashTasks - 1, Wall: time.Since(begin), Died: true}
	}
	return after
}

// CrashTable is the table of crash without its rows.
func CrashTable() result.Table {
	return result.Table{
		Name:   "crash",
		Title:  fmt.Sprintf("%d tasks, one of which panics, ends its process, hangs, or takes memory until its process is killed; wall until all have ended, or nothing has been answered for %v", crashTasks, still),
		Rule:   "nothing is lost but the guilty one",
		BarOf:  result.Wall,
		Steps:  "its end",
		StepOf: result.LostTasks,
	}
}

// crashLike is what rows are like here, where that differs from other workloads. Node ends when an
// exception is not caught. In worker_threads process.exit and a full heap end the worker alone.
// Python's pool of processes gives up all its tasks when one of its processes dies.
var crashLike = map[string]string{
	"loop":           "asyncio; an exception that nobody catches ends Node",
	"loop+pool":      "a loop and threads; in worker_threads exit and a full heap cost one worker",
	"loop+processes": "Node with child_process",
	"processes(k)":   "a pool that replaces a process; Python's ProcessPoolExecutor breaks as a whole",
}

// crash shows what a task takes with it. A row's figures are those of the typical round.
func crash(p Plan) Outcome {
	out := Outcome{Table: CrashTable(), Figures: verdict.Figures{}}
	p.Models = slices.DeleteFunc(slices.Clone(p.Models), func(m load.Model) bool {
		// Real rows would need ends of their own. A cluster has processes, and loops(k) are
		// loops of one process, which end together.
		return m.Kind == result.Real || m.Fresh
	})
	all := p.accidents()
	for i, m := range p.Models {
		row, ends := p.nameOf(m, p.Cores), map[load.Fate]aftermath{}
		row.Like = cmp.Or(crashLike[m.Name], row.Like)
		for _, fate := range fates() {
			rounds := all[i][fate]
			if len(rounds) == 0 {
				return out // interrupted
			}
			after := typical(rounds)
			ends[fate] = after
			row.Levels = append(row.Levels, result.Level{
				At: int64(len(row.Levels)), Label: string(fate), N: crashTasks, Wall: after.Wall, Lost: after.Lost,
			})
			row.Lost += after.Lost
			row.Wall = max(row.Wall, after.Wall)
			out.Figures["crash/"+m.Name+"/share lost by "+string(fate)] = shares(rounds)
		}
		row.Broken = costs(ends)
		out.Table.Rows = append(out.Table.Rows, row)
	}
	return out
}

// accidents has every end happen once a round on every model, in an order that differs by round.
func (p *Plan) accidents() []map[load.Fate][]aftermath {
	all := make([]map[load.Fate][]aftermath, len(p.Models))
	for i := range all {
		all[i] = make(map[load.Fate][]aftermath)
	}
	for round := range p.Rounds {
		for _, i := range load.RoundOrder(p.Seed, round, len(p.Models)) {
			m := p.Models[i]
			for _, fate := range fates() {
				if p.Ctx.Err() != nil {
					return all
				}
				p.Progress(fmt.Sprintf("crash, round %d of %d, %s: %s", round+1, p.Rounds, fate, m.Name))
				after := tried(p.Ctx, accident{m.Name, fate, p.Job(load.Ask{Compute: crashWork}), p.Cores})
				all[i][fate] = append(all[i][fate], after)
			}
		}
	}
	return all
}

// typical is the round in the middle, by the number of lost requests, then by its length.
func typical(rounds []aftermath) aftermath {
	rounds = slices.SortedFunc(slices.Values(rounds), func(a, b aftermath) int {
		return cmp.Or(cmp.Compare(a.Lost, b.Lost), cmp.Compare(a.Wall, b.Wall))
	})
	return rounds[len(rounds)/2]
}

// shares are how much of the other tasks each round lost.
func shares(rounds []aftermath) (f verdict.Figure) {
	for _, after := range rounds {
		f = append(f, float64(after.Lost)/(crashTasks-1))
	}
	return f
}

// costs says what each end took with it.
func costs(ends map[load.Fate]aftermath) string {
	var all []string
	for _, fate := range fates() {
		switch after := ends[fate]; {
		case after.Died:
			all = append(all, fmt.Sprintf("%s costs the program", fate))
		case after.Lost > 0:
			all = append(all, fmt.Sprintf("%s costs %d of the others", fate, after.Lost))
		}
	}
	return strings.Join(all, ", ")
}
