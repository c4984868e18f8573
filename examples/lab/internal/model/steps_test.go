package model_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/examples/lab/internal/model"
)

// The order is Node's: ticks, microtasks, then the phases.
func TestSteps(t *testing.T) {
	frames, err := model.Steps(`main: timer A, immediate B, tick C, microtask D, post E
		B: tick G, timer H 5
		A: microtask F`)
	require.NoError(t, err)
	var order []string
	for _, f := range frames[1:] {
		order = append(order, f.Ran)
	}
	require.Equal(t, "main C D B G A F E H", strings.Join(order, " "))
	require.Equal(t, []string{"main"}, frames[0].Queues["posted"])
	require.Equal(t, map[string][]string{
		"timers": {"A"}, "immediates": {"B"}, "ticks": {"C"}, "microtasks": {"D"}, "posted": {"E"},
	}, frames[1].Queues)
	last := frames[len(frames)-1]
	require.Equal(t, 5*ms, last.At)
	for _, queue := range model.Queues {
		require.Empty(t, last.Queues[queue])
	}
}

func TestBadPrograms(t *testing.T) {
	for program, says := range map[string]string{
		"":                                   "no line is that of main",
		"main":                               `"main" has no colon`,
		"main: dance A":                      `"dance" is not timer, post, immediate, tick or microtask`,
		"main: tick":                         `"tick" is not a word and a name`,
		"main: tick A 5":                     "only a timer has milliseconds",
		"main: timer A -1":                   "only a timer has milliseconds",
		"main: tick A\nA: tick A":            "more than 60 callbacks",
		"main: post A\nA: immediate A":       "more than 60 callbacks",
		"main: " + strings.Repeat("x", 3000): "too long",
	} {
		_, err := model.Steps(program)
		require.ErrorContains(t, err, says, program)
	}
}
