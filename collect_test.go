package quartet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

// A wait that its ctx has ended leaves nothing behind.
func TestGroupWaitThatEndsLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1})
		defer p.Close()
		g := quartet.NewGroup(t.Context(), p)
		release := make(chan struct{})
		g.Go(func(context.Context) error { <-release; return nil })
		for range 100 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			require.ErrorIs(t, g.Wait(ctx), context.DeadlineExceeded)
			cancel()
		}
		require.Zero(t, g.Waiting())
		close(release)
		require.NoError(t, g.Wait(t.Context()))
	})
}

// What Map has yielded it keeps no longer, however much is in flight.
func TestMapKeepsNoResultThatItHasYielded(t *testing.T) {
	for name, opts := range map[string][]quartet.MapOption{
		"in order":  {quartet.Ahead(64)},
		"unordered": {quartet.Ahead(64), quartet.Unordered()},
	} {
		t.Run(name, func(t *testing.T) {
			numbers := func(yield func(int) bool) {
				for i := 0; i < 100 && yield(i); i++ {
				}
			}
			var before []weak.Pointer[[1 << 10]int]
			for big, err := range quartet.Map(t.Context(), quartet.Inline(), numbers,
				func(context.Context, int) (*[1 << 10]int, error) {
					return new([1 << 10]int), nil
				}, opts...) {
				require.NoError(t, err)
				runtime.GC()
				for i, p := range before {
					require.Nil(t, p.Value(), "result %d at result %d", i, len(before))
				}
				before = append(before, weak.Make(big))
			}
			require.Len(t, before, 100)
		})
	}
}

// log is a slog.Handler's target.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSpace(l.text.String()), "\n")
}

// A panic in a future that nobody asks for is logged once the future is gone, and no other.
func TestUnseenPanicsAreLogged(t *testing.T) {
	for name, wrap := range map[string]func(quartet.Executor) quartet.Executor{
		"bare":       func(ex quartet.Executor) quartet.Executor { return ex },
		"serialized": quartet.Serialized,
	} {
		t.Run(name, func(t *testing.T) {
			var l log
			p := workerpool.New(workerpool.Config{Name: "render", Logger: slog.New(slog.NewTextHandler(&l, nil))})
			defer p.Close()
			ex := wrap(p)
			run := func(what string) *quartet.Future[int] {
				f := bursts.Go(t.Context(), ex, what)
				<-f.Done()
				return f
			}
			_, err := run("awaited").Await(t.Context())
			require.ErrorAs(t, err, new(*quartet.PanicError))
			_, err = run("its result taken").Result()
			require.ErrorAs(t, err, new(*quartet.PanicError))
			run("unseen")
			waitFor(t, func() bool { return strings.Contains(l.lines()[0], "unseen") })
			runtime.GC()
			lines := l.lines()
			require.Len(t, lines, 1)
			require.Contains(t, lines[0],
				`level=ERROR msg="quartet: a task panicked, and nobody asked for its result" executor=render panic=unseen stack=`)
			require.Contains(t, lines[0], "collect_test.go", "the panic's own stack")
		})
	}
}

// What OnPanic has seen is not logged too.
func TestSeenPanicsAreNotLogged(t *testing.T) {
	var l log
	seen := make(chan error, 1)
	logger := slog.New(slog.NewTextHandler(&l, nil))
	p := workerpool.New(workerpool.Config{Logger: logger, OnPanic: func(err error) { seen <- err }})
	defer p.Close()
	bursts.Go(t.Context(), p, "hooked")
	require.ErrorAs(t, <-seen, new(*quartet.PanicError))
	unhooked := workerpool.New(workerpool.Config{Logger: logger})
	defer unhooked.Close()
	<-bursts.Go(t.Context(), unhooked, "unseen").Done()
	waitFor(t, func() bool { return l.lines()[0] != "" })
	require.Len(t, l.lines(), 1)
	require.NotContains(t, l.lines()[0], "hooked")
}

// Calls that an early end of Map gives up are nobody's, and a panic among them is not lost.
func TestPanicsThatMapGivesUpAreLogged(t *testing.T) {
	var l log
	p := workerpool.New(workerpool.Config{Workers: 2, Logger: slog.New(slog.NewTextHandler(&l, nil))})
	defer p.Close()
	numbers, started := func(yield func(int) bool) { _ = yield(0) && yield(1) }, make(chan struct{})
	for _, err := range quartet.Map(t.Context(), p, numbers, func(ctx context.Context, n int) (int, error) {
		if n == 1 {
			close(started)
			_ = quartet.Suspend(ctx, func(func()) {})
			panic(fmt.Sprint("given up: ", errors.Unwrap(context.Cause(ctx)) != nil))
		}
		return n, nil
	}, quartet.Ahead(2)) {
		require.NoError(t, err)
		<-started // else the second one may be cancelled before it starts, and panic never
		break
	}
	waitFor(t, func() bool { return strings.Contains(l.lines()[0], "given up") })
}

var bursts = quartet.Define("quartet_test.bursts", func(_ context.Context, what string) (int, error) { panic(what) })

// waitFor collects garbage until ok.
func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); runtime.Gosched() {
		require.False(t, time.Now().After(deadline), "it did not happen within a minute")
		runtime.GC()
	}
}

// probing is an error whose Unwrap uses the group.
type probing struct{ g *quartet.Group }

func (p probing) Error() string { return "probing" }

func (p probing) Unwrap() error {
	p.g.Go(func(context.Context) error { return nil })
	return nil
}

// The group asks its members' errors what they wrap. That is code of the user's, which runs under
// no lock of the group's.
func TestAnErrorOfAGroupMayUseTheGroup(t *testing.T) {
	done := make(chan error, 1)
	go func() {
		g := quartet.NewGroup(context.Background(), quartet.Inline())
		g.Go(func(context.Context) error {
			g.Go(func(context.Context) error { return context.Canceled })
			return probing{g}
		})
		done <- g.Wait(context.Background())
	}()
	select {
	case err := <-done:
		require.ErrorContains(t, err, "canceled")
	case <-time.After(time.Minute):
		t.Fatal("the group waits for itself")
	}
}
