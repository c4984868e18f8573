// Compare runs the same work on several concurrency models and prints what each costs.
//
//	go run ./examples/compare
//
// mixed: a ping every 5 ms, while requests of 100 ms CPU time follow one another. wait: 1 to 1000 waits of 10 ms at once. crunch: 8 equal tasks of CPU time.
// Load is open-loop: a request is due at its time, whether or not the one before has been answered, and its latency
// counts from when it was due. The models alternate within each round; figures are medians of the rounds, percentiles
// are over all of them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
	"github.com/quartet-go/quartet/procpool"
)

// plan says how long the comparison takes.
type plan struct {
	ctx      context.Context // its end stops the comparison after the run in progress
	models   []model
	heavy    job // the CPU request of mixed
	crunch   job // one of crunch's tasks
	rounds   int
	mixed    time.Duration // one row of mixed
	inFlight []int         // the steps of wait
}

func standard(spin spinner) plan {
	return plan{
		ctx: context.Background(), models: models,
		heavy: job{Turns: spin.turns(heavyWork)}, crunch: job{Turns: spin.turns(crunchWork)},
		rounds: 3, mixed: 300 * time.Millisecond, inFlight: []int{1, 10, 100, 1000},
	}
}

// options are the command line.
type options struct {
	only      []string
	json, csv string
	assert    bool
}

var workloads = []string{"mixed", "wait", "crunch"}

func parse(args []string, errs io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("compare", flag.ContinueOnError)
	fs.SetOutput(errs)
	only := fs.String("only", strings.Join(workloads, ","), "`workloads` to run, with commas between")
	fs.StringVar(&o.json, "json", "", "write rows and verdicts to `FILE`")
	fs.StringVar(&o.csv, "csv", "", "write rows to `FILE`")
	fs.BoolVar(&o.assert, "assert", false, "fail when figures contradict what is known about a claim")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("compare: %q is not a flag", fs.Arg(0))
	}
	o.only = strings.Split(*only, ",")
	for _, name := range o.only {
		if !slices.Contains(workloads, name) {
			return o, fmt.Errorf("compare: -only: no workload %q; there are %s", name, strings.Join(workloads, ", "))
		}
	}
	return o, nil
}

func main() {
	procpool.Init() // a process of a row runs this program
	o, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		err = runAll(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func runAll(o options) error {
	spin := calibrate()
	fmt.Printf("%d turns of the generator take 1 ms of CPU time\n", spin.perMillisecond)
	p := standard(spin)
	var stop context.CancelFunc
	p.ctx, stop = signal.NotifyContext(p.ctx, os.Interrupt)
	defer stop()
	tables := compare(os.Stdout, p, o.only)
	vs := judge(tables)
	writeVerdicts(os.Stdout, vs)
	err := errors.Join(
		save(o.json, func(w io.Writer) error { return writeJSON(w, tables, vs) }),
		save(o.csv, func(w io.Writer) error { return writeCSV(w, tables) }),
	)
	if o.assert {
		err = errors.Join(err, contradiction(vs))
	}
	return err
}

// contradiction names the claims on which the figures say the opposite of what is known.
func contradiction(vs []verdict.Verdict) (err error) {
	for _, v := range vs {
		if v.Contradicts() {
			err = errors.Join(err, fmt.Errorf("compare: %s: %s, expected %s: %s", v.Claim, v.Outcome, v.Expect, v.Evidence))
		}
	}
	return err
}

// compare runs the workloads and prints each table when it is known. An interrupt leaves out the table in progress.
func compare(w io.Writer, p plan, only []string) (tables []table) {
	fmt.Fprintf(w, "%s, %s/%s, %d cores; medians of %d rounds\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), p.rounds)
	show := func(t table) {
		if p.ctx.Err() == nil {
			t.write(w)
			tables = append(tables, t)
		}
	}
	for _, name := range only {
		switch name {
		case "mixed":
			show(mixed(p))
		case "wait":
			for _, n := range p.inFlight {
				show(wait(p, n))
			}
		case "crunch":
			show(crunch(p))
		}
	}
	if p.ctx.Err() != nil {
		fmt.Fprintln(w, "\ninterrupted: what was complete is above")
	}
	return tables
}
