package runtimes

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/procpool"
)

func TestMain(m *testing.M) {
	procpool.Init()
	goleak.VerifyTestMain(m)
}

// Each runtime that is installed answers what computes and what waits.
func TestRealRowsAnswer(t *testing.T) {
	in, err := Find(1000, []string{Auto})
	require.NoError(t, err)
	defer func() { require.NoError(t, in.Close()) }()
	require.NotEmpty(t, in.Notes)
	for _, note := range in.Notes {
		if strings.HasSuffix(note, "is not installed") || strings.Contains(note, "does not start") {
			t.Run(note, func(t *testing.T) { t.Skip(note) })
		}
	}
	for _, m := range in.Models {
		t.Run(m.Name, func(t *testing.T) {
			server := m.Open(load.Setup{Requests: 20})
			answers := make(chan error, 50) // a server that has failed answers at once
			for i := range 50 {
				job := load.Job{Turns: 100 * (i % 2), Wait: time.Duration(i%3) * time.Millisecond}
				server.Serve(context.Background(), load.Request{Job: job}, func(err error) { answers <- err })
			}
			for range 50 {
				require.NoError(t, <-answers)
			}
			server.Shut()
		})
	}
}

// Each language that is installed does the same work, with the results of Go.
func TestRealLanguagesMeasure(t *testing.T) {
	in, err := Find(1000, []string{"node", "python3"})
	require.NoError(t, err)
	defer func() { require.NoError(t, in.Close()) }()
	for _, l := range in.Languages {
		t.Run(l.Name, func(t *testing.T) {
			found, err := l.Measure(t.Context())
			require.NoError(t, err)
			require.Positive(t, found["turns"])
			if l.Name == "python" {
				require.Greater(t, found["share lost by exit"], 0.8, "the pool breaks as a whole")
			}
		})
	}
}
