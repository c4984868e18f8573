// Compare runs the same work on several concurrency models and prints what each costs.
//
//	go run ./examples/compare
//
// mixed: a ping every 5 ms, while requests of 100 ms CPU time follow one another. wait: 1 to 1000
// waits of 10 ms at once. crunch: 8 equal tasks of CPU time. With -full also chat, to a hundred
// receivers one of whom is slow; crash, a task that fails as badly as one can; and cost, of a call
// with nothing to do. With -runtimes auto the real Node and each Python on the machine do the same,
// and language shows the same work in each of them in absolute time. Load is open-loop: a request
// is due at its time, whether or not the one before has been answered, and its latency counts from
// when it was due. The models alternate within each round; figures are medians of the rounds,
// percentiles are over all of them. At the end claims about Node and Python are judged by the
// figures. With -article FILE it writes the statements about both, each with its verdict and
// figures; -from FILES reads files of -json, and measures nothing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"runtime"
	"slices"

	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/model"
	"github.com/quartet-go/quartet/examples/compare/internal/page"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/runtimes"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
	"github.com/quartet-go/quartet/examples/compare/internal/virtual"
	"github.com/quartet-go/quartet/examples/compare/internal/workload"
	"github.com/quartet-go/quartet/procpool"
	"github.com/quartet-go/quartet/workerpool"
)

func main() {
	procpool.Init() // a process of a row runs this program
	o, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		err = run(ctx, o, os.Stdout, newProgress(os.Stderr))
		stop()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run does what o says, prints it to w, and writes the files that o names.
func run(ctx context.Context, o options, w io.Writer, bar *progress) error {
	examine := here
	switch {
	case o.from != nil:
		examine = read
	case o.virtual:
		examine = modelled
	}
	report, err := examine(ctx, o, w, bar)
	if err != nil {
		return err
	}
	report.Verdicts = verdict.Judge(report.Evidence())
	printVerdicts(w, report.Verdicts)
	err = errors.Join(
		save(o.json, report.WriteJSON),
		save(o.csv, func(w io.Writer) error { return writeCSV(w, report.Tables) }),
		savePictures(o.svg, report),
		saveArticle(o.article, report),
		save(o.html, func(w io.Writer) error { return page.Write(w, report, workload.Heavy, workload.Ping) }),
	)
	if o.assert {
		err = errors.Join(err, contradiction(report.Verdicts))
	}
	return err
}

// here is a report of this machine.
func here(ctx context.Context, o options, w io.Writer, bar *progress) (*result.Report, error) {
	bar.say("calibrating")
	spin := load.Calibrate()
	m := result.Machine{
		Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, Seed: o.seed,
		Turns: spin.PerMillisecond,
	}
	plan := workload.Short(ctx, spin)
	installed, err := runtimes.Find(spin.PerMillisecond, o.runtimes)
	if err != nil {
		return nil, err
	}
	defer func() { _ = installed.Close() }()
	if o.article != "" {
		installed.Typical()
	}
	m.Notes, m.Twins = installed.Notes, installed.Twins()
	bar.clear()
	fmt.Fprintln(w, wrapped("", fmt.Sprintf(
		"%s, %s/%s, %d cores; %d rounds: a wall is their median, percentiles are of all their latencies; CPU work is steps of a random number generator, %d for a millisecond",
		m.Go, m.OS, m.Arch, plan.Cores, plan.Rounds, m.Turns)))
	for _, note := range m.Notes {
		fmt.Fprintf(w, "  %s\n", note)
	}
	plan.Languages = installed.Languages
	return carryOut(plan, o, m, installed, w, bar), nil
}

// modelled is a report of a simulated machine, the same everywhere.
func modelled(ctx context.Context, o options, w io.Writer, bar *progress) (*result.Report, error) {
	plan := workload.Short(ctx, load.Spinner{})
	plan.Cores, plan.Measure, plan.Job, plan.Probes = virtual.Cores, virtual.Measure(o.seed), nil, false
	plan.Workers = []int{virtual.Cores}
	pool := workerpool.New(workerpool.Config{Queue: workerpool.NoQueue})
	defer func() { _ = pool.Close() }()
	plan.On = pool
	fmt.Fprintln(w, wrapped("", fmt.Sprintf(
		"modelled: each row is a program for a machine of %d cores, in virtual time; %d rounds: a wall is their median, percentiles are of all their latencies; seed %d",
		plan.Cores, plan.Rounds, o.seed)))
	return carryOut(plan, o, result.Machine{Seed: o.seed, Virtual: true}, &runtimes.Installed{}, w, bar), nil
}

// carryOut does the plan, with the real rows last, and shows tables as they come.
func carryOut(plan workload.Plan, o options, m result.Machine, real *runtimes.Installed, w io.Writer,
	bar *progress,
) *result.Report {
	switch {
	case o.article != "":
		plan.Models = model.All // every row, and no more steps than statements rest on
	case o.full:
		plan = plan.Full()
	}
	if o.receivers > 0 {
		plan.Receivers = slices.DeleteFunc(plan.Receivers, func(n int) bool { return n > o.receivers })
	}
	if o.virtual {
		plan.Models = virtual.Models(plan.Models)
	}
	plan.Models = slices.Concat(plan.Models, real.Models)
	plan.Seed, plan.Progress = o.seed, bar.say
	m.Cores, m.Rounds = plan.Cores, plan.Rounds
	report := &result.Report{Machine: m, Figures: verdict.Figures{}}
	compare(report, plan, o.only, real, func(t result.Table) {
		bar.clear()
		printTable(w, t)
	})
	if o.svg+o.html != "" && slices.Contains(o.only, "mixed") {
		report.Lanes = workload.Lanes(plan)
	}
	bar.clear()
	if plan.Ctx.Err() != nil {
		report.Machine.Interrupted = true
		fmt.Fprintln(w, "\ninterrupted: what was measured until then is above")
	}
	return report
}

// compare runs the workloads and shows each table when it is known. What an interrupt has left of a
// table is shown too.
func compare(report *result.Report, plan workload.Plan, only []string, real *runtimes.Installed,
	show func(result.Table),
) {
	for _, wl := range workload.All {
		if !slices.Contains(only, wl.Name) || plan.Ctx.Err() != nil {
			continue
		}
		out := wl.Run(plan)
		real.Complete(&out.Table)
		maps.Copy(report.Figures, out.Figures)
		if len(out.Table.Rows) > 0 {
			report.Tables = append(report.Tables, out.Table)
			show(out.Table)
		}
	}
}

// contradiction names the claims on which the figures contradict common knowledge.
func contradiction(vs []verdict.Verdict) (err error) {
	for _, v := range vs {
		if v.Contradicts() {
			err = errors.Join(err,
				fmt.Errorf("compare: %s: %s, expected %s: %s", v.Claim, v.Outcome, v.Expect, v.Evidence))
		}
	}
	return err
}
