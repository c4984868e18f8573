package executortest_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/gil"
	"github.com/quartet-go/quartet/workerpool"
)

// opened is each kind of executor in this process, by its package.
var opened = map[string]func(name string, o quartet.Observer, log *slog.Logger) quartet.Runner{
	"workerpool": func(name string, o quartet.Observer, log *slog.Logger) quartet.Runner {
		return workerpool.New(workerpool.Config{Name: name, Observer: o, Logger: log})
	},
	"eventloop": func(name string, o quartet.Observer, log *slog.Logger) quartet.Runner {
		l := eventloop.New(eventloop.Config{Name: name, Observer: o, Logger: log, SlowCallback: time.Hour})
		l.Start()
		return l
	},
	"gil": func(name string, o quartet.Observer, log *slog.Logger) quartet.Runner {
		return gil.New(gil.Config{Name: name, Observer: o, Logger: log, SlowThread: time.Hour})
	},
	"virtual gil": func(name string, o quartet.Observer, log *slog.Logger) quartet.Runner {
		return gil.New(gil.Config{Name: name, Observer: o, Logger: log, Clock: gil.Virtual, SlowThread: time.Hour})
	},
}

// Two executors of one kind on one Timeline are told apart by their names, though their tasks have
// the same numbers.
func TestTwoExecutorsOnOneTimeline(t *testing.T) {
	for kind, open := range opened {
		line := new(quartet.Timeline)
		for _, name := range []string{"thumbnails", "mail"} {
			ex := open(name, line, nil)
			require.NoError(t, quartet.Run(quartet.Label(t.Context(), "of "+name), ex, func(ctx context.Context) error {
				return quartet.Sleep(ctx, time.Microsecond)
			}), kind)
			require.NoError(t, ex.Close())
		}
		for _, e := range line.Events() {
			require.Equal(t, "of "+e.Executor, e.Label, kind)
		}
		var text bytes.Buffer
		require.NoError(t, line.WriteText(&text, 100))
		for _, name := range []string{"thumbnails", "mail"} {
			require.Contains(t, text.String(), name, kind)
		}
	}
}

// Close's warning names the executor, and goes to its logger.
func TestCloseWarningNamesTheExecutor(t *testing.T) {
	for kind, open := range opened {
		synctest.Test(t, func(t *testing.T) {
			var text bytes.Buffer
			ex := open("thumbnails", nil, slog.New(slog.NewTextHandler(&text, nil)))
			release := make(chan struct{})
			f := quartet.Go(t.Context(), ex, func(context.Context) (int, error) { <-release; return 1, nil })
			synctest.Wait()
			time.AfterFunc(time.Minute, func() { close(release) })
			require.NoError(t, ex.Close())
			_, err := f.Await(t.Context())
			require.NoError(t, err, kind)
			synctest.Wait() // the warning's goroutine is over
			require.Equal(t, 1, strings.Count(text.String(), "\n"), "%s: %s", kind, text.String())
			require.Contains(t, text.String(), `: Close still waits" executor=thumbnails running=1`, kind)
		})
	}
}
