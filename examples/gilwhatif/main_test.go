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
	require.NoError(t, q.check())
	a, err := q.answer()
	require.NoError(t, err)
	return a
}

// What the closed forms say of a service that is far beyond one lock's knee, and of one that hardly needs it.
func TestTheModelsDifferAsTheirLocksDo(t *testing.T) {
	bound := question{threads: 32, most: 32, cpu: 2e6, locked: 100, wait: 2e6, spread: "const", interval: 5e6, cores: 4, slowdown: 1.1}
	rate := func(a *answer, i int) float64 { return a.curves[i].at(a.threads).perSecond.median }
	a := answerTo(t, bound)
	require.InEpsilon(t, 500, rate(a, 0), 0.05, "1/c")
	require.InEpsilon(t, 2000, rate(a, 1), 0.05, "a lock for each core")
	require.InEpsilon(t, 4/2.2e-3, rate(a, 3), 0.05, "the cores, a tenth slower")
	require.Contains(t, a.verdict(), "beyond the knee of one lock. Times as much: 4 interpreters 4.0, 4 processes ")
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
	a := answerTo(t, question{threads: 3, most: 8, cpu: 1e6, locked: 50, wait: 3e6, spread: "wide", interval: 1e6, cores: 2, slowdown: 1, seeds: 3, span: 3e8})
	require.Equal(t, []int{1, 2, 3, 4, 8}, a.steps())
	for _, c := range a.curves {
		for _, f := range c.figures {
			require.LessOrEqual(t, f.perSecond.least, f.perSecond.median)
			require.Less(t, f.perSecond.least, f.perSecond.most, "seeds and machines differ")
			require.LessOrEqual(t, f.perSecond.median, f.perSecond.most)
		}
	}
}

func TestThePicture(t *testing.T) {
	file := filepath.Join(t.TempDir(), "knee.svg")
	require.NoError(t, run([]string{"-seeds", "1", "-most", "16", "-for", "200ms", "-svg", file}, io.Discard))
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
