package eventloop_test

import (
	"context"
	"errors"
	"math"
	"net"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

// Nothing may hang that is called where it would wait for itself: in a callback, a tick, a task, a
// hook.
func TestStopsAndWaitsOnTheLoopItself(t *testing.T) {
	noop := func(context.Context) (int, error) { return 0, nil }
	var pending *quartet.Future[int]
	waits := map[string]struct {
		call func(l *eventloop.Loop) error
		is   error
	}{
		"Close":    {func(l *eventloop.Loop) error { return l.Close() }, quartet.ErrInside},
		"Shutdown": {func(l *eventloop.Loop) error { return l.Shutdown(context.Background()) }, quartet.ErrInside},
		"Run":      {func(l *eventloop.Loop) error { return l.Run(context.Background()) }, eventloop.ErrRunning},
		"Step":     {func(l *eventloop.Loop) error { _, err := l.Step(); return err }, eventloop.ErrRunning},
		"Do": {func(l *eventloop.Loop) error {
			_, err := quartet.Do(context.Background(), l, func(context.Context) (int, error) {
				t.Error("a Do that has returned an error never starts its function")
				return 0, nil
			})
			return err
		}, quartet.ErrDeadlock},
		"Await": {func(l *eventloop.Loop) error {
			_, err := quartet.Go(context.Background(), l, noop).Await(context.Background())
			return err
		}, quartet.ErrDeadlock},
		"Await with an end": {func(l *eventloop.Loop) error {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			_, err := quartet.Go(ctx, l, noop).Await(ctx)
			return err
		}, quartet.ErrDeadlock},
		"Await of a task that waits": {func(l *eventloop.Loop) error {
			_, err := pending.Await(context.Background())
			return err
		}, quartet.ErrDeadlock},
		"a submit without room": {func(l *eventloop.Loop) error {
			for range 10 {
				if err := l.SubmitTask(context.Background(), quartet.TaskFunc(func(context.Context) {})); err != nil {
					return err
				}
			}
			return nil
		}, quartet.ErrDeadlock},
	}
	places := map[string]func(l *eventloop.Loop, call func()){
		"callback":  func(l *eventloop.Loop, call func()) { _ = l.Post(call) },
		"timer":     func(l *eventloop.Loop, call func()) { l.AfterFunc(time.Millisecond, call) },
		"immediate": func(l *eventloop.Loop, call func()) { _ = l.Post(func() { l.Immediate(call) }) },
		"tick":      func(l *eventloop.Loop, call func()) { _ = l.Post(func() { l.NextTick(call) }) },
		"task":      func(l *eventloop.Loop, call func()) { _ = l.Go(func(context.Context) { call() }) },
		"task that has waited": func(l *eventloop.Loop, call func()) {
			_ = l.Go(func(ctx context.Context) { _ = quartet.Sleep(ctx, time.Millisecond); call() })
		},
		"OnPanic of a callback": func(l *eventloop.Loop, call func()) { _ = l.Post(func() { panic(call) }) },
		"OnPanic of a task": func(l *eventloop.Loop, call func()) {
			_ = l.Go(func(context.Context) { panic(call) })
		},
		"OnDone": func(l *eventloop.Loop, call func()) {
			quartet.Go(context.Background(), l, noop).OnDone(call)
		},
	}
	for wait, w := range waits {
		for place, run := range places {
			t.Run(wait+" in "+place, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := eventloop.New(eventloop.Config{InFlight: 5, OnPanic: func(err error) {
						var p *quartet.PanicError
						if errors.As(err, &p) {
							p.Value.(func())()
						}
					}})
					pending = quartet.Go(t.Context(), l, func(ctx context.Context) (int, error) {
						return 0, quartet.Sleep(ctx, time.Hour)
					})
					var err error
					called := make(chan struct{})
					run(l, func() { err = w.call(l); close(called) })
					l.Start()
					<-called
					require.ErrorIs(t, err, w.is)
					require.NoError(t, l.Close())
				})
			})
		}
	}
}

func TestCloseInOnSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l *eventloop.Loop
		errs := make(chan error, 1)
		l = eventloop.New(eventloop.Config{OnSlow: func(time.Duration, []byte) { errs <- l.Close() }})
		l.Start()
		require.NoError(t, l.Post(func() { time.Sleep(time.Second) }))
		require.ErrorIs(t, <-errs, quartet.ErrInside)
		require.NoError(t, l.Close())
	})
}

// A Close in a callback ends the Run after that callback.
func TestCloseInACallbackEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		f := quartet.Go(t.Context(), l, func(ctx context.Context) (int, error) {
			return 0, quartet.Sleep(ctx, time.Hour)
		})
		l.AfterFunc(time.Minute, func() {
			_ = l.Post(func() { t.Error("dropped") })
			require.ErrorIs(t, l.Close(), quartet.ErrInside)
			require.ErrorIs(t, l.Post(func() {}), quartet.ErrClosed)
		})
		require.NoError(t, l.Run(t.Context()))
		_, err := f.Result()
		require.ErrorIs(t, err, quartet.ErrClosed)
		require.Equal(t, uint64(1), l.Health().Dropped)
		require.NoError(t, l.Close())
	})
}

func TestWaitingOnTheLoopPanicsUnderDebug(t *testing.T) {
	l := eventloop.New(eventloop.Config{Debug: true})
	require.NoError(t, l.Post(func() {
		defer func() { require.Contains(t, recover(), "on its own goroutine") }()
		_, _ = quartet.Do(context.Background(), l, func(context.Context) (int, error) { return 0, nil })
	}))
	require.NoError(t, l.Run(t.Context()))
	require.NoError(t, l.Close())
}

func TestARunWhoseContextHasEndedRunsNothing(t *testing.T) {
	cause := errors.New("too late")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	l := eventloop.New(eventloop.Config{})
	ran := 0
	for range 100 {
		require.NoError(t, l.Post(func() { ran++ }))
		require.ErrorIs(t, l.Run(ctx), cause)
		require.Zero(t, ran)
	}
	require.NoError(t, l.Run(t.Context()))
	require.Equal(t, 100, ran)
	require.NoError(t, l.Close())
}

func TestStartAfterStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		quartet.Go(t.Context(), l, func(ctx context.Context) (int, error) { // takes its time to end
			_ = quartet.Sleep(ctx, time.Hour)
			return 0, quartet.Sleep(context.WithoutCancel(ctx), time.Second)
		})
		for range 3 {
			l.Start()
			synctest.Wait()
			require.Equal(t, map[string]int{"Start": 1}, l.Health().Holds)
			l.Stop()
		}
		require.NoError(t, l.Run(t.Context()), "nothing keeps it alive")
		require.Empty(t, l.Health().Holds)
		l.Start()
		require.Panics(t, l.Start)
		require.ErrorIs(t, l.Run(t.Context()), eventloop.ErrRunning)
		require.NoError(t, l.Close())
		require.Panics(t, l.Start)
	})
}

// BeforeExit is called when nothing keeps the loop alive, and again only when what it added has
// run: as in Node 20.
func TestBeforeExitIsNodes(t *testing.T) {
	for name, c := range map[string]struct {
		add   func(l *eventloop.Loop, call int, note func(string) func())
		notes []string
	}{
		"nothing": {func(*eventloop.Loop, int, func(string) func()) {}, []string{"main", "exit"}},
		"an unreferenced immediate": {func(l *eventloop.Loop, _ int, note func(string) func()) {
			l.Immediate(note("i")).Unref()
		}, []string{"main", "exit"}},
		"an unreferenced timer": {func(l *eventloop.Loop, _ int, note func(string) func()) {
			l.AfterFunc(0, note("t")).Unref()
		}, []string{"main", "exit"}},
		"a tick": {func(l *eventloop.Loop, _ int, note func(string) func()) {
			l.NextTick(note("tick"))
		}, []string{"main", "exit", "tick"}},
		"an immediate, once": {func(l *eventloop.Loop, call int, note func(string) func()) {
			if call == 1 {
				l.Immediate(note("i"))
			}
		}, []string{"main", "exit", "i", "exit"}},
		"an immediate of a microtask, twice": {func(l *eventloop.Loop, call int, note func(string) func()) {
			if call <= 2 {
				l.Microtask(func() { l.Immediate(note("i")) })
			}
		}, []string{"main", "exit", "i", "exit", "i", "exit"}},
		"a timer and a post": {func(l *eventloop.Loop, call int, note func(string) func()) {
			if call == 1 {
				_ = l.Post(note("p"))
				l.AfterFunc(0, note("t"))
			}
		}, []string{"main", "exit", "t", "p", "exit"}},
		"a panic": {func(l *eventloop.Loop, call int, note func(string) func()) {
			if call == 1 {
				l.Immediate(note("i"))
				panic("exit")
			}
			panic("again")
		}, []string{"main", "exit", "i", "exit"}},
		"an exit of the goroutine": {func(*eventloop.Loop, int, func(string) func()) {
			runtime.Goexit()
		}, []string{"main", "exit"}},
	} {
		t.Run(name, func(t *testing.T) {
			var notes []string
			var l *eventloop.Loop
			calls := 0
			note := func(s string) func() { return func() { notes = append(notes, s) } }
			l = eventloop.New(eventloop.Config{OnPanic: func(error) {}, BeforeExit: func() {
				note("exit")()
				calls++
				c.add(l, calls, note)
			}})
			require.NoError(t, l.Post(note("main")))
			require.NoError(t, l.Run(t.Context()))
			require.Equal(t, c.notes, notes)
			notes, calls = nil, math.MaxInt-1
			require.NoError(t, l.Close())
			require.Empty(t, notes, "a Close is no exit")
		})
	}
}

// An unreferenced immediate runs when something else keeps the loop alive, wherever it was made; a
// due timer, also an unreferenced one, fires at the end of the last turn. Node 20 does the same
// with those made in a timer or an immediate.
func TestUnreferencedImmediates(t *testing.T) {
	for name, c := range map[string]struct {
		program func(l *eventloop.Loop, note func(string) func())
		want    []string
	}{
		"in a post":      {func(l *eventloop.Loop, note func(string) func()) { l.Immediate(note("i")).Unref() }, nil},
		"before the Run": {nil, nil},
		"in a timer": {func(l *eventloop.Loop, note func(string) func()) {
			l.AfterFunc(time.Millisecond, func() { l.Immediate(note("i")).Unref() })
		}, nil},
		"in an immediate": {func(l *eventloop.Loop, note func(string) func()) {
			l.Immediate(func() { l.Immediate(note("i")).Unref() })
		}, nil},
		"beside a referenced one": {func(l *eventloop.Loop, note func(string) func()) {
			l.Immediate(note("i")).Unref()
			l.Immediate(note("j"))
		}, []string{"i", "j"}},
		"beside a timer": {func(l *eventloop.Loop, note func(string) func()) {
			l.Immediate(note("i")).Unref()
			l.AfterFunc(time.Millisecond, note("t"))
		}, []string{"i", "t"}},
		"referenced again": {func(l *eventloop.Loop, note func(string) func()) {
			i := l.Immediate(note("i"))
			i.Unref()
			i.Ref()
		}, []string{"i"}},
		"a due timer": {func(l *eventloop.Loop, note func(string) func()) {
			l.Immediate(func() {
				l.AfterFunc(time.Millisecond, note("t")).Unref()
				time.Sleep(2 * time.Millisecond)
			})
		}, []string{"t"}},
		"a due timer of a timer": {func(l *eventloop.Loop, note func(string) func()) {
			l.AfterFunc(time.Millisecond, func() {
				l.AfterFunc(time.Millisecond, note("t")).Unref()
				time.Sleep(2 * time.Millisecond)
			})
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if c.program == nil {
				synctest.Test(t, func(t *testing.T) {
					l := eventloop.New(eventloop.Config{})
					l.AfterFunc(0, func() { t.Error("nothing keeps the loop alive") }).Unref()
					require.NoError(t, l.Run(t.Context()))
					require.NoError(t, l.Close())
				})
				return
			}
			require.Equal(t, c.want, trace(t, c.program))
		})
	}
}

// A connection's effects run after its unlock. By then the connection may have ended, and with it
// the loop. A stop that comes then has nothing to wait for.
func TestAnEffectAfterTheEndOfTheLoopHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		l.Start()
		here, there := net.Pipe()
		c, err := l.Attach(there)
		require.NoError(t, err)
		require.NoError(t, here.Close())
		c.OnClose(func(error) { l.Close() })
		synctest.Wait()
		c.ServeLate()
		require.NoError(t, l.Shutdown(t.Context()))
		require.Zero(t, l.Health().Pending)
	})
}

// Between a Close and the end of a Run that was stopped, connections still post their turns.
func TestAPostBetweenCloseAndTheEndOfAStoppedRunIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		l.Start()
		require.NoError(t, l.Post(func() {
			l.Stop()
			assert.Equal(t, quartet.ErrInside, l.Close())
			l.PostPromised(func() { t.Error("dropped callbacks are never called") })
		}))
		synctest.Wait()
		require.NoError(t, l.Shutdown(t.Context()))
		require.Zero(t, l.Health().Pending)
		require.EqualValues(t, 1, l.Health().Dropped)
	})
}

// A promise that is made when the loop has been closed, or while it ends, is waived as those before
// it were.
func TestAPromiseAfterCloseHoldsNothing(t *testing.T) {
	for name, promise := range map[string]func(l *eventloop.Loop){
		"KeepAlive": func(l *eventloop.Loop) { l.KeepAlive("nobody releases it") },
		"Then": func(l *eventloop.Loop) {
			nobodyRuns := eventloop.New(eventloop.Config{})
			f := quartet.Go(context.Background(), nobodyRuns, func(context.Context) (int, error) { return 0, nil })
			eventloop.Then(l, f, func(int, error) {})
		},
	} {
		t.Run(name+" of a task that Close cancels", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := eventloop.New(eventloop.Config{})
				l.Start()
				require.NoError(t, l.Go(func(ctx context.Context) {
					_ = quartet.Sleep(ctx, time.Hour)
					promise(l)
				}))
				synctest.Wait()
				require.NoError(t, l.Close())
			})
		})
		t.Run(name+" after the end", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := eventloop.New(eventloop.Config{})
				require.NoError(t, l.Close())
				promise(l)
				require.NoError(t, l.Shutdown(t.Context()))
			})
		})
	}
}
