package eventloop_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// trace runs program on a fresh loop until it ends by itself, and returns what it noted.
func trace(t *testing.T, program func(l *eventloop.Loop, note func(string) func())) (notes []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		note := func(s string) func() { return func() { notes = append(notes, s) } }
		require.NoError(t, l.Post(func() { program(l, note) }))
		require.NoError(t, l.Run(t.Context()))
		require.NoError(t, l.Close())
	})
	return notes
}

func TestOrder(t *testing.T) {
	type loop = eventloop.Loop
	for name, c := range map[string]struct {
		program func(l *loop, note func(string) func())
		want    []string
	}{
		"ticks before microtasks, a tick of a microtask after the batch": {
			func(l *loop, note func(string) func()) {
				l.Microtask(func() { note("m1")(); l.NextTick(note("t3")); l.Microtask(note("m3")) })
				l.Microtask(note("m2"))
				l.NextTick(note("t1"))
				l.NextTick(note("t2"))
			},
			[]string{"t1", "t2", "m1", "m2", "m3", "t3"},
		},
		"microtasks between two timers": {
			func(l *loop, note func(string) func()) {
				l.AfterFunc(time.Second, func() { note("a")(); l.Microtask(note("m")) })
				l.AfterFunc(time.Second, note("b"))
			},
			[]string{"a", "m", "b"},
		},
		"microtasks between two immediates, an immediate of an immediate next turn": {
			func(l *loop, note func(string) func()) {
				l.Immediate(func() {
					note("i1")()
					l.Microtask(note("m"))
					l.Immediate(note("i3"))
					_ = l.Post(note("p"))
				})
				l.Immediate(note("i2"))
			},
			[]string{"i1", "m", "i2", "p", "i3"},
		},
		"a post of a post waits for the next turn": {
			func(l *loop, note func(string) func()) {
				_ = l.Post(func() {
					note("p1")()
					_ = l.Post(note("p3"))
					l.Immediate(note("i"))
					l.Microtask(note("m"))
				})
				_ = l.Post(note("p2"))
			},
			[]string{"p1", "m", "p2", "i", "p3"},
		},
		"a nested timer waits for the next pass": {
			func(l *loop, note func(string) func()) {
				l.AfterFunc(0, func() { note("a")(); l.AfterFunc(0, note("b")); l.Immediate(note("i")) })
				l.AfterFunc(0, note("c"))
			},
			[]string{"a", "c", "i", "b"},
		},
		"timers by deadline": {
			func(l *loop, note func(string) func()) {
				l.AfterFunc(3*time.Second, note("3"))
				l.AfterFunc(time.Second, note("1"))
				l.AfterFunc(2*time.Second, note("2"))
				l.AfterFunc(time.Second, note("1b"))
			},
			[]string{"1", "1b", "2", "3"},
		},
		"an overdue timer before an immediate of an immediate": {
			func(l *loop, note func(string) func()) {
				l.Immediate(func() { l.AfterFunc(0, note("t")); l.Immediate(note("i")) })
			},
			[]string{"t", "i"},
		},
		"stop of a due sibling wins": {
			func(l *loop, note func(string) func()) {
				var b *eventloop.Timer
				l.AfterFunc(time.Second, func() {
					if b.Stop() {
						note("stopped")()
					}
					if !b.Stop() {
						note("once")()
					}
				})
				b = l.AfterFunc(time.Second, note("b"))
			},
			[]string{"stopped", "once"},
		},
		"an interval stops itself": {
			func(l *loop, note func(string) func()) {
				n := 0
				var i *eventloop.Timer
				i = l.Every(time.Second, func() {
					note("tick")()
					if n++; n == 3 {
						i.Stop()
					}
				})
			},
			[]string{"tick", "tick", "tick"},
		},
		"a stopped immediate does not run": {
			func(l *loop, note func(string) func()) {
				var i2 *eventloop.Immediate
				l.Immediate(func() {
					if i2.Stop() && !i2.Stop() {
						note("stopped")()
					}
				})
				i2 = l.Immediate(note("i2"))
			},
			[]string{"stopped"},
		},
		"a fiber whose task ended on the loop goes on as a microtask": {
			func(l *loop, note func(string) func()) {
				quartet.Go(context.Background(), l, func(ctx context.Context) (int, error) {
					f := quartet.Go(ctx, l, func(context.Context) (int, error) { note("inner")(); return 1, nil })
					_ = l.Post(note("posted"))
					_, err := f.Await(ctx)
					note("outer")()
					return 0, err
				})
			},
			[]string{"inner", "outer", "posted"},
		},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, trace(t, c.program)) })
	}
}

func TestTimersNeverFireEarlyAndKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		var fired []int
		for i := range 1000 {
			l.AfterFunc(time.Second, func() { fired = append(fired, i) })
		}
		for i := range 1000 {
			d, made := time.Duration(i*7919%1000)*time.Millisecond, time.Now()
			l.AfterFunc(d, func() { require.GreaterOrEqual(t, time.Since(made), d) })
		}
		require.NoError(t, l.Run(t.Context()))
		require.Len(t, fired, 1000)
		require.IsIncreasing(t, fired)
	})
}

func TestIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{SlowCallback: time.Hour})
		begin := time.Now()
		var delay, rate []time.Duration
		var d, r *eventloop.Timer
		d = l.Every(10*time.Millisecond, func() {
			delay = append(delay, time.Since(begin))
			if len(delay) == 1 {
				time.Sleep(35 * time.Millisecond) // keeps the loop
			}
			if len(delay) == 3 {
				d.Stop()
			}
		})
		r = l.Every(10*time.Millisecond, func() {
			if rate = append(rate, time.Since(begin)); len(rate) == 3 {
				r.Stop()
			}
		}, eventloop.FixedRate())
		require.NoError(t, l.Run(t.Context()))
		ms := time.Millisecond
		require.Equal(t, []time.Duration{10 * ms, 45 * ms, 55 * ms}, delay)
		require.Equal(t, []time.Duration{45 * ms, 45 * ms, 50 * ms}, rate)
		require.Equal(t, uint64(2), r.Missed())
	})
}

func TestUnrefAndKeepAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		fired := false
		l.AfterFunc(time.Second, func() { fired = true }).Unref()
		begin := time.Now()
		require.NoError(t, l.Run(t.Context()))
		require.Zero(t, time.Since(begin))
		release := l.KeepAlive("test")
		require.Equal(t, map[string]int{"test": 1}, l.Health().Holds)
		go func() { time.Sleep(2 * time.Second); release(); release() }()
		require.NoError(t, l.Run(t.Context()), "Run again")
		require.True(t, fired, "an unreferenced timer fires while something else keeps the loop")
		require.Equal(t, 2*time.Second, time.Since(begin))
	})
}

func TestBeforeExitRevives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l *eventloop.Loop
		calls, ran := 0, 0
		l = eventloop.New(eventloop.Config{BeforeExit: func() {
			if calls++; calls <= 2 {
				l.AfterFunc(time.Second, func() { ran++ })
			}
		}})
		require.NoError(t, l.Run(t.Context()))
		require.Equal(t, []int{3, 2}, []int{calls, ran})
	})
}

func TestRunInsideRun(t *testing.T) {
	l := eventloop.New(eventloop.Config{})
	var err error
	require.NoError(t, l.Post(func() { err = l.Run(context.Background()) }))
	require.NoError(t, l.Run(t.Context()))
	require.ErrorIs(t, err, eventloop.ErrRunning)
	require.NoError(t, l.Close())
	require.ErrorIs(t, l.Run(t.Context()), quartet.ErrClosed)
	require.ErrorIs(t, l.Post(func() {}), quartet.ErrClosed)
	require.ErrorIs(t, l.PostBatch(func() {}), quartet.ErrClosed)
}

func TestRunEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		f := quartet.Go(t.Context(), l, func(ctx context.Context) (int, error) {
			return 0, quartet.Sleep(ctx, time.Hour)
		})
		l.AfterFunc(time.Second, func() { cancel(cause) })
		require.ErrorIs(t, l.Run(ctx), cause)
		_, err := f.Result()
		require.ErrorIs(t, err, cause, "a started task is cancelled and has ended")
		ran := false
		require.NoError(t, l.Post(func() { ran = true }))
		require.NoError(t, l.Run(t.Context()))
		require.True(t, ran)
	})
}

func TestStopKeepsWhatIsQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		var ran []string
		require.NoError(t, l.PostBatch(
			func() { ran = append(ran, "a"); l.Stop(); l.Microtask(func() { ran = append(ran, "m") }) },
			func() { ran = append(ran, "b") },
		))
		require.NoError(t, l.Run(t.Context()))
		require.Equal(t, []string{"a", "m"}, ran)
		require.NoError(t, l.Run(t.Context()))
		require.Equal(t, []string{"a", "m", "b"}, ran)
	})
}

func TestPanicsAndExitsOfCallbacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []error
		l := eventloop.New(eventloop.Config{OnPanic: func(err error) { seen = append(seen, err) }})
		var ran []string
		ticks := 0
		var every *eventloop.Timer
		every = l.Every(time.Second, func() {
			if ticks++; ticks == 2 {
				every.Stop()
			}
			panic("in an interval")
		})
		require.NoError(t, l.PostBatch(
			func() { l.NextTick(func() { ran = append(ran, "tick") }); panic("boom") },
			func() { runtime.Goexit() },
			func() { ran = append(ran, "next") },
		))
		require.NoError(t, l.Run(t.Context()))
		require.Equal(t, []string{"tick", "next"}, ran)
		require.Len(t, seen, 4)
		var p *quartet.PanicError
		require.ErrorAs(t, seen[0], &p)
		require.Equal(t, "boom", p.Value)
		require.Contains(t, string(p.Stack), "TestPanicsAndExitsOfCallbacks")
		require.ErrorIs(t, seen[1], quartet.ErrGoexit)
		require.Equal(t, 2, ticks, "an interval that panics goes on")
	})
}

func TestStopOnPanic(t *testing.T) {
	l := eventloop.New(eventloop.Config{StopOnPanic: true})
	ran := false
	require.NoError(t, l.PostBatch(func() { panic("boom") }, func() { ran = true }))
	var p *quartet.PanicError
	require.ErrorAs(t, l.Run(t.Context()), &p)
	require.Equal(t, "boom", p.Value)
	require.False(t, ran)
	require.NoError(t, l.Run(t.Context()))
	require.True(t, ran, "what was queued stayed")
	require.NoError(t, l.Close())
}

// Close tells of the panic, also where it comes while the loop is ending by it.
func TestCloseTellsOfThePanicThatEndedAStartedLoop(t *testing.T) {
	for range 300 {
		panicked := make(chan struct{})
		l := eventloop.New(eventloop.Config{StopOnPanic: true, OnPanic: func(error) { close(panicked) }})
		l.Start()
		require.NoError(t, l.Post(func() { panic("boom") }))
		<-panicked
		var p *quartet.PanicError
		require.ErrorAs(t, l.Close(), &p)
		require.Equal(t, "boom", p.Value)
	}
}

func TestBlockPanicsAndExitsAreTheTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{BlockLimit: 1})
		l.Start()
		defer l.Close()
		block := func(fn func()) *quartet.Future[int] {
			return quartet.Go(t.Context(), l, func(ctx context.Context) (int, error) {
				return 1, quartet.Block(ctx, fn)
			})
		}
		a := block(func() { time.Sleep(time.Second); panic("off the loop") })
		b := block(func() { runtime.Goexit() })
		c := block(func() { time.Sleep(time.Second) })
		begin := time.Now()
		_, err := a.Await(t.Context())
		var p *quartet.PanicError
		require.ErrorAs(t, err, &p)
		require.Equal(t, "off the loop", p.Value)
		_, err = b.Await(t.Context())
		require.ErrorIs(t, err, quartet.ErrGoexit)
		_, err = c.Await(t.Context())
		require.NoError(t, err)
		require.Equal(t, 2*time.Second, time.Since(begin), "one at a time")
		require.Equal(t, 1, l.Health().MaxBlocked)
	})
}

func TestWatchdogReportsASlowCallbackOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reports := make(chan string, 10)
		l := eventloop.New(eventloop.Config{OnSlow: func(_ time.Duration, stacks []byte) { reports <- string(stacks) }})
		require.NoError(t, l.Post(func() { time.Sleep(time.Second) }))
		require.NoError(t, l.Post(func() { time.Sleep(50 * time.Millisecond) }))
		require.NoError(t, l.Run(t.Context()))
		require.Len(t, reports, 1)
		require.Contains(t, <-reports, "TestWatchdogReportsASlowCallbackOnce")
	})
}

func TestThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		f := quartet.Go(t.Context(), l, func(ctx context.Context) (int, error) {
			return 7, quartet.Sleep(ctx, time.Second)
		})
		got := 0
		eventloop.Then(l, f, func(v int, err error) { got = v })
		require.NoError(t, l.Run(t.Context()))
		require.Equal(t, 7, got)
	})
}

func TestDebugCatchesAForeignGoroutine(t *testing.T) {
	l := eventloop.New(eventloop.Config{Debug: true})
	l.Start()
	defer l.Close()
	_, err := quartet.Do(t.Context(), l, func(ctx context.Context) (int, error) {
		l.Microtask(func() {}) // fine here
		caught := make(chan any)
		go func() {
			defer func() { caught <- recover() }()
			l.Microtask(func() {})
		}()
		require.Contains(t, <-caught, "Microtask off the loop's goroutine")
		go func() {
			defer func() { caught <- recover() }()
			_ = quartet.Sleep(ctx, time.Nanosecond)
		}()
		require.Contains(t, <-caught, "quartet.Detach")
		return 0, quartet.Sleep(ctx, time.Nanosecond)
	})
	require.NoError(t, err)
}

func TestBadInput(t *testing.T) {
	for field, cfg := range map[string]eventloop.Config{
		"Queue": {Queue: -1}, "InFlight": {InFlight: -1}, "BlockLimit": {BlockLimit: -1},
		"SlowCallback": {SlowCallback: -1}, "CloseWarning": {CloseWarning: -1},
	} {
		func() {
			defer func() { require.Contains(t, recover(), "eventloop: Config."+field) }()
			eventloop.New(cfg)
		}()
	}
	l := eventloop.New(eventloop.Config{})
	for call, do := range map[string]func(){
		"Post of a nil func": func() { _ = l.Post(nil) }, "PostBatch of a nil func": func() { _ = l.PostBatch(nil) },
		"NextTick of a nil func": func() { l.NextTick(nil) }, "Microtask of a nil func": func() { l.Microtask(nil) },
		"Immediate of a nil func": func() {
			l.Immediate(nil)
		}, "AfterFunc of a nil func": func() {
			l.AfterFunc(0, nil)
		},
		"Every of a nil func":      func() { l.Every(1, nil) },
		"SubmitTask of a nil task": func() { _ = l.SubmitTask(t.Context(), nil) },
		"SubmitCall of a nil task": func() { _ = l.SubmitCall(t.Context(), nil) },
	} {
		require.PanicsWithValue(t, "eventloop: "+call, do)
	}
	require.Panics(t, func() { l.Every(0, func() {}) })
	require.NoError(t, l.Close())
}
