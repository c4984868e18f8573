package model

import (
	"fmt"
	"strings"
	"time"
)

// GoProgram writes the settings as a program that runs the same script for real, on the library's
// loop, pool, processes and lock, and prints what it measures.
func GoProgram(s Settings) (string, error) {
	if err := s.Check(); err != nil {
		return "", err
	}
	var lines strings.Builder
	for _, step := range s.Script {
		fmt.Fprintf(&lines, "\t%s\n", goLine(step))
	}
	job := ""
	if s.Job > 0 {
		job = strings.NewReplacer("PIECES", fmt.Sprint(s.Pieces), "JOB", literal(s.Job)).Replace(goJob)
	}
	return strings.NewReplacer(
		"\t// THE SCRIPT\n", lines.String(),
		"// THE JOB\n", job,
		"THREADS", fmt.Sprint(s.Threads), "CORES", fmt.Sprint(s.Cores),
		"INTERVAL", alone(literal(s.Interval)), "RATE", fmt.Sprint(s.Rate), "SEED", fmt.Sprint(s.Seed),
		"BESIDE", map[bool]string{true: "\tgo repeat(ctx, ex)\n", false: ""}[s.Job > 0],
	).Replace(goFrame), nil
}

// goLine is a line of the script in Go.
func goLine(step Step) string {
	d := literal(step.For)
	switch step.Do {
	case Compute:
		return "gil.Compute(ctx, " + d + ")"
	case Hold:
		return "gil.HoldLock(ctx, " + d + ")"
	case Release:
		return "gil.Released(ctx, " + d + ")"
	case Sleep:
		return "quartet.Sleep(ctx, " + d + ")"
	case Await:
		return "reply(" + alone(d) + ").Await(ctx)"
	}
	return "quartet.Block(ctx, func() { time.Sleep(" + alone(d) + ") })"
}

// literal writes a duration in Go.
func literal(d time.Duration) string {
	switch {
	case d == 0:
		return "0"
	case d%time.Millisecond == 0:
		return fmt.Sprintf("%d*time.Millisecond", d/time.Millisecond)
	}
	return fmt.Sprintf("%d*time.Microsecond", d/time.Microsecond)
}

// alone is a literal as gofmt writes an only argument.
func alone(literal string) string { return strings.Replace(literal, "*", " * ", 1) }

const goJob = `
// job is computed beside the requests.
var job = quartet.Define("job", func(ctx context.Context, _ int) (int, error) {
	for piece := range PIECES {
		if piece > 0 {
			if err := quartet.Sleep(ctx, 0); err != nil {
				return 0, err
			}
		}
		gil.Compute(ctx, JOB/PIECES)
	}
	return 0, nil
})

func repeat(ctx context.Context, ex quartet.Executor) {
	for {
		if _, err := job.Do(ctx, ex, 0); err != nil {
			return
		}
	}
}
`

const goFrame = `// A program from quartet's lab: one script, for real, on four models.
package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/gil"
	"github.com/quartet-go/quartet/procpool"
	"github.com/quartet-go/quartet/workerpool"
)

// request is the script.
var request = quartet.Define("request", func(ctx context.Context, _ int) (int, error) {
	// THE SCRIPT
	return 0, nil
})

// reply is a result that somebody else makes, after d.
func reply(d time.Duration) *quartet.Future[int] {
	return quartet.Go(context.Background(), elsewhere, func(ctx context.Context) (int, error) {
		return 0, quartet.Sleep(ctx, d)
	})
}

var elsewhere quartet.Runner = quartet.Inline()
// THE JOB

func main() {
	procpool.Init()
	others := eventloop.New(eventloop.Config{})
	others.Start()
	defer others.Close()
	elsewhere = others

	loop := eventloop.New(eventloop.Config{SlowCallback: time.Minute})
	loop.Start()
	serve("loop", loop)
	serve("pool", workerpool.New(workerpool.Config{Workers: THREADS}))
	if processes, err := procpool.New(procpool.Config{Workers: CORES}); err == nil {
		serve("processes", processes)
	}
	serve("lock", gil.New(gil.Config{Policy: gil.Interval(INTERVAL), InFlight: THREADS}))
}

// serve sends RATE requests a second for two seconds, and prints how long they took.
func serve(name string, ex quartet.Executor) {
	ctx, cancel := context.WithCancel(context.Background())
BESIDE	between, src := gil.Exp(time.Second/RATE), rand.NewPCG(SEED, 1)
	took := make(chan time.Duration, 10_000)
	sent := 0
	for begin, due := time.Now(), between.Sample(src); due < 2*time.Second; due += between.Sample(src) {
		at := begin.Add(due)
		time.Sleep(time.Until(at))
		f := request.Go(ctx, ex, 0)
		f.OnDone(func() { took <- time.Since(at) })
		sent++
	}
	time.Sleep(time.Second) // those that are late have a second more
	cancel()
	ex.Close()
	var all []time.Duration
	for range len(took) {
		all = append(all, <-took)
	}
	if len(all) == 0 {
		fmt.Printf("%-10s none of %d answered\n", name, sent)
		return
	}
	slices.Sort(all)
	fmt.Printf("%-10s %d sent, p50 %v, p99 %v\n", name, sent, all[len(all)/2], all[len(all)*99/100])
}
`
