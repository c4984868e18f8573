package main

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The comment at the head has what the program prints.
func TestTheAnswerIsAsWritten(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(nil, &out))
	source, err := os.ReadFile("main.go")
	require.NoError(t, err)
	var want strings.Builder
	for line := range strings.Lines(out.String()) {
		want.WriteString(strings.TrimRight("//\t"+line, "\t\n") + "\n")
	}
	require.Contains(t, strings.ReplaceAll(string(source), "\r\n", "\n"), want.String())
}

// answerTo asks in a way that is quick.
func answerTo(t *testing.T, q question) *answer {
	t.Helper()
	if q.span == 0 {
		q.seeds = 1
	}
	q.waits, q.machine = max(1, q.waits), "preset"
	require.NoError(t, q.check())
	a, err := q.answer()
	require.NoError(t, err)
	return a
}

// What the closed forms say of a service that is far beyond one lock's knee, and of one that hardly
// needs it.
func TestTheModelsDifferAsTheirLocksDo(t *testing.T) {
	bound := question{
		threads: 32, most: 32, cpu: 2e6, locked: 100, wait: 2e6, spread: "const", interval: 5e6, cores: 4,
		slowdown: 1.1,
	}
	rate := func(a *answer, i int) float64 { return a.curves[i].at(a.threads).perSecond.median }
	a := answerTo(t, bound)
	require.InEpsilon(t, 500, rate(a, 0), 0.08, "1/c")
	require.InEpsilon(t, 2000, rate(a, 1), 0.1, "a lock for each core")
	require.InEpsilon(t, 4/2.2e-3, rate(a, 3), 0.05, "the cores, a tenth slower")
	require.Contains(t, a.verdict(), "beyond the knee of one lock. Times as much: 4 interpreters 4.1, 4 processes ")
	require.InDelta(t, 2, a.curves[0].knee, 0.01)

	free := bound
	free.locked, free.slowdown = 5, 1
	a = answerTo(t, free)
	require.InEpsilon(t, 2000, rate(a, 0), 0.07, "the cores")
	require.Contains(t, a.verdict(), "no other model does more by much")

	dear := bound
	dear.handover = 2e6
	a = answerTo(t, dear)
	require.InEpsilon(t, 1000, rate(a, 2), 0.05, "a hand-over that costs as much as the request")
}

func TestBandsHoldTheirMedians(t *testing.T) {
	a := answerTo(t,
		question{
			threads: 3, most: 8, cpu: 1e6, locked: 50, wait: 3e6, spread: "wide", interval: 1e6, cores: 2,
			slowdown: 1, seeds: 3, span: 3e8,
		})
	require.Equal(t, []int{1, 2, 3, 4, 8}, a.steps())
	for _, c := range a.curves {
		for _, f := range c.figures {
			require.LessOrEqual(t, f.perSecond.least, f.perSecond.median)
			require.Less(t, f.perSecond.least, f.perSecond.most, "seeds and machines differ")
			require.LessOrEqual(t, f.perSecond.median, f.perSecond.most)
		}
	}
}

// The wanted p99 is promised only where all seeds and machines agree.
func TestWhatIsWanted(t *testing.T) {
	q := question{
		rate: 100, threads: 8, most: 8, cpu: 2e6, locked: 100, wait: 8e6, spread: "wide", p99: 200e6, interval: 5e6,
		cores: 2, locks: 2,
		slowdown: 1, span: 4e9, seeds: 2,
	}
	a := answerTo(t, q)
	require.Equal(t, "yes", a.wanted(a.curves[0].served))
	require.Empty(t, a.doubts())
	q.p99 = 1e6
	a = answerTo(t, q)
	require.Equal(t, "no", a.wanted(a.curves[0].served))
	q.p99 = time.Duration(a.curves[0].served.p99.median * 1e6)
	a = answerTo(t, q)
	require.Equal(t, "not known: the band holds both answers", a.wanted(a.curves[0].served))
	q.p99, q.rate = 200e6, 700
	a = answerTo(t, q)
	require.Equal(t, "no: it falls behind", a.wanted(a.curves[0].served), "one lock does 500 at most")
	q.rate, q.others, q.waits = 20, 2, 4
	a = answerTo(t, q)
	require.Contains(t, a.doubts()[0], "1.8 times")
	require.Greater(t, a.curves[0].served.p99.median, 2*a.curves[3].served.p99.median,
		"each wait costs an interval, where there is a lock")
}

func TestThePicture(t *testing.T) {
	file := filepath.Join(t.TempDir(), "knee.svg")
	require.NoError(t,
		run([]string{"-seeds", "1", "-rate", "0", "-most", "16", "-for", "200ms", "-svg", file}, io.Discard))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, wellFormed(string(text)))
	require.Equal(t, 4*5, strings.Count(string(text), "<circle"), "4 models, 1 to 16 threads")
	require.Contains(t, string(text), "one lock's knee: 8.3 threads")
	require.Error(t, run([]string{"-seeds", "1", "-for", "200ms", "-svg", filepath.Join(file, "no")}, io.Discard))
}

func wellFormed(text string) error {
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := d.Token(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

func TestWhatMakesNoSenseIsNamed(t *testing.T) {
	for args, want := range map[string]string{
		"-cores 0":       "-cores 0 is not from 1 to 256",
		"-locked 101":    "-locked 101 is not from 0 to 100",
		"-cpu 0s":        "-cpu 0s is not from 1µs to 10s",
		"-wait -1ms":     "-wait -1ms is not from 0s to 1m0s",
		"-slowdown 0.5":  "-slowdown 0.5 is not from 1 to 100",
		"-rate -1":       "-rate -1 is not from 0 to 1000000",
		"-waits 0":       "-waits 0 is not from 1 to 1000",
		"-machine best":  `-machine "best" is not preset or measured`,
		"-spread normal": `-spread "normal" is not const, narrow, exp or wide`,
		"-nosuch":        "flag provided but not defined: -nosuch",
		"more":           `what is "more"? There are only flags`,
	} {
		require.EqualError(t, run(strings.Fields(args), io.Discard), want)
	}
	var usage strings.Builder
	require.ErrorIs(t, run([]string{"-h"}, &usage), flag.ErrHelp)
	require.Contains(t, usage.String(), "-interval time")
}
