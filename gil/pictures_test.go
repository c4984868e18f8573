package gil_test

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
)

var (
	update = flag.Bool("update", false, "write testdata/pictures anew")
	svgDir = flag.String("svg", "", "also write the pictures as SVG into this folder")
)

const us = time.Microsecond

// picture is one program under some policies, drawn.
type picture struct {
	name     string
	about    string
	program  gil.Program
	policies []gil.Policy
	cores    int
	after    func() string // what else there is to say
}

func computes(d time.Duration) gil.Step { return gil.Cycle(1, gil.Op{Do: gil.DoCompute, For: d}) }

func twoThatCompute(d time.Duration) gil.StepProgram {
	return func() []gil.StepThread {
		return []gil.StepThread{{Label: "T1", Step: computes(d)}, {Label: "T2", Step: computes(d), Interpreter: 1}}
	}
}

// waiterBeside is a thread that often waits for a millisecond, beside one that computes.
func waiterBeside(d time.Duration) gil.StepProgram {
	return func() []gil.StepThread {
		return []gil.StepThread{
			{Label: "T1", Step: computes(d)},
			{
				Label: "T2",
				Step:  gil.Cycle(12, gil.Op{Do: gil.DoSleep, For: ms}, gil.Op{Do: gil.DoCompute, For: 200 * us}),
			},
		}
	}
}

// messages is a thread that writes small messages, each a short call without the lock, beside one
// that computes: on a lock for which one races it is back before the other has woken.
func messages() []gil.StepThread {
	return []gil.StepThread{
		{Label: "writer", Step: gil.Cycle(150, gil.Op{Do: gil.DoCompute, For: 100 * us}, gil.Op{Do: gil.DoPut})},
		{
			Label: "waiter",
			Step:  gil.Cycle(15, gil.Op{Do: gil.DoCompute, For: 300 * us}, gil.Op{Do: gil.DoSleep, For: 300 * us}),
		},
	}
}

func longCall() []gil.StepThread {
	return []gil.StepThread{
		{Label: "call", Step: gil.Cycle(1,
			gil.Op{Do: gil.DoSleep, For: 5 * ms}, gil.Op{Do: gil.DoHold, For: 20 * ms},
			gil.Op{Do: gil.DoSleep, For: 5 * ms}, gil.Op{Do: gil.DoRelease, For: 20 * ms})},
		{
			Label: "probe",
			Step:  gil.Cycle(25, gil.Op{Do: gil.DoSleep, For: ms}, gil.Op{Do: gil.DoCompute, For: 100 * us}),
		},
	}
}

// lostUpdate counts in two threads: the lock changes hands between a read and its write.
func lostUpdate(n *int) gil.Main {
	return func(ctx context.Context, s *gil.Scheduler) error {
		*n = 0
		count := func(ctx context.Context) (int, error) {
			for range 8 {
				v := *n // LOAD
				gil.Compute(ctx, 1500*us)
				*n = v + 1 // STORE
				gil.Checkpoint(ctx)
			}
			return 0, nil
		}
		_, err := quartet.AwaitAll(ctx, quartet.Go(quartet.Label(ctx, "T1"), s, count),
			quartet.Go(quartet.Label(ctx, "T2"), s, count))
		return err
	}
}

func pictures() []picture {
	var sum int
	return []picture{
		{
			name:    "two_cpu_threads",
			about:   "Two threads that compute take turns, an interval each: on two cores no less time than on one.",
			program: twoThatCompute(25 * ms), policies: []gil.Policy{gil.CPython38()}, cores: 2,
		},
		{
			name: "convoy", about: "A thread that waits often gets the lock back an interval late each time.",
			program: waiterBeside(60 * ms), policies: []gil.Policy{gil.Interval(5 * ms), gil.Interval(ms)}, cores: 2,
		},
		{
			name:    "long_call",
			about:   "A C function that keeps the lock stalls all other threads; one that releases it stalls nobody.",
			program: gil.StepProgram(longCall), policies: []gil.Policy{gil.CPython38()}, cores: 2,
		},
		{
			name:    "ticks_and_interval",
			about:   "2.7 releases the lock every 100 ticks: each time it wakes a thread that mostly comes too late (!). 3.2 waits to be asked.",
			program: twoThatCompute(4 * ms), policies: []gil.Policy{gil.CPython27(), gil.Interval(ms)}, cores: 2,
		},
		{
			name:    "fifo_and_race",
			about:   "Who only writes a message is back before the woken thread takes the free lock; a fair lock is handed over.",
			program: gil.StepProgram(messages), policies: []gil.Policy{gil.CPython38(), gil.FIFO(5 * ms)}, cores: 2,
		},
		{
			name:     "sub_interpreters",
			about:    "Interpreters with locks of their own compute side by side; threads of one do not.",
			program:  twoThatCompute(25 * ms),
			policies: []gil.Policy{gil.CPython312(), gil.PerInterpreter(2, gil.CPython312()), gil.CPython313t()},
			cores:    2,
		},
		{
			name:    "lost_update",
			about:   "Two threads count to 8 each, in one variable. Only one runs at a time, and still counts are lost.",
			program: lostUpdate(&sum), policies: []gil.Policy{gil.CPython38()}, cores: 2,
			after: func() string { return fmt.Sprintf("counted to %d of 16", sum) },
		},
	}
}

// draw writes a picture: for each policy the lanes, and what the threads' time went to. sums are of
// the other forms: SVG and Chrome's.
func (p picture) draw(t *testing.T) (text, sums string) {
	var b, of strings.Builder
	b.WriteString(p.about + "\n")
	for i, policy := range p.policies {
		timeline := &quartet.Timeline{}
		r, err := p.program.Simulate(gil.Config{Policy: policy, Cores: p.cores, Observer: timeline})
		require.NoError(t, err)
		fmt.Fprintf(&b, "\n%v\n", policy)
		require.NoError(t, timeline.WriteText(&b, 96))
		b.WriteString("\n")
		require.NoError(t, r.WriteText(&b))
		if p.after != nil {
			b.WriteString(p.after() + "\n")
		}
		var svg, chrome strings.Builder
		require.NoError(t, timeline.WriteSVG(&svg, 0))
		require.NoError(t, timeline.WriteChrome(&chrome))
		fmt.Fprintf(&of, "%v: SVG %.8x, Chrome %.8x\n", policy, sha256.Sum256([]byte(svg.String())),
			sha256.Sum256([]byte(chrome.String())))
		if *svgDir != "" {
			require.NoError(t,
				os.WriteFile(filepath.Join(*svgDir, fmt.Sprintf("%s_%d.svg", p.name, i)), []byte(svg.String()), 0o600))
		}
	}
	return b.String(), of.String()
}

// The classic pictures, as they are in testdata: the same on every machine. Run it with -update to
// write them anew.
func TestPictures(t *testing.T) {
	for _, p := range pictures() {
		t.Run(p.name, func(t *testing.T) {
			text, sums := p.draw(t)
			golden(t, p.name, text)
			golden(t, p.name+".sums", sums)
			again, _ := p.draw(t)
			require.Equal(t, text, again, "a second time")
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "pictures", name+".golden")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, strings.ReplaceAll(string(want), "\r\n", "\n"), got)
}
