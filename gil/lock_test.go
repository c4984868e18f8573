package gil_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
)

// clocks are the configurations in which a lock works.
func clocks() map[string]gil.Config {
	return map[string]gil.Config{
		"real": {Policy: gil.Interval(time.Microsecond)}, "real, free": {Policy: gil.Free()},
		"real, fifo":  {Policy: gil.FIFO(time.Microsecond)},
		"real, ticks": {Policy: gil.Ticks(1)},
		"real, two":   {Policy: gil.PerInterpreter(2, gil.Interval(time.Microsecond))},
		"virtual":     {Clock: gil.Virtual}, "virtual, free": {Clock: gil.Virtual, Policy: gil.Free()},
	}
}

func under(t *testing.T, test func(t *testing.T, s *gil.Scheduler)) {
	for name, cfg := range clocks() {
		t.Run(name, func(t *testing.T) {
			s := gil.New(cfg)
			test(t, s)
			require.NoError(t, s.Close())
		})
	}
}

// A Lock protects what the global lock does not: what a thread does in several steps.
func TestLockExcludes(t *testing.T) {
	under(t, func(t *testing.T, s *gil.Scheduler) {
		var l gil.Lock
		n := 0
		g := quartet.NewGroup(t.Context(), s)
		for range 10 {
			g.Go(func(ctx context.Context) error {
				for range 20 {
					if err := l.Lock(ctx); err != nil {
						return err
					}
					was := n
					quartet.Yield(ctx)
					gil.Compute(ctx, time.Microsecond)
					if err := quartet.Sleep(ctx, time.Microsecond); err != nil {
						return err
					}
					n = was + 1
					l.Unlock()
				}
				return nil
			})
		}
		require.NoError(t, g.Wait(t.Context()))
		require.Equal(t, 200, n)
	})
}

func TestLockIsTriedAndMisused(t *testing.T) {
	var l gil.Lock
	require.True(t, l.TryLock(t.Context()))
	require.False(t, l.TryLock(t.Context()))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, l.Lock(ended), context.Canceled)
	l.Unlock()
	require.NoError(t, l.Lock(ended), "a free one is taken also then")
	l.Unlock()
	require.PanicsWithValue(t, "gil: Unlock of a Lock that nobody has", l.Unlock)
	require.PanicsWithValue(t, "gil: NewQueue(-1): a size is not negative", func() { gil.NewQueue[int](-1) })
}

// Two threads that take two Locks in opposite orders: the second to wait is told so.
func TestACycleOfLocksIsNamed(t *testing.T) {
	under(t, func(t *testing.T, s *gil.Scheduler) {
		var a, b gil.Lock
		both := make(chan struct{}, 2)
		thread := func(label string, first, second *gil.Lock) *quartet.Future[int] {
			return quartet.Go(quartet.Label(t.Context(), label), s, func(ctx context.Context) (int, error) {
				_ = first.Lock(ctx)
				defer first.Unlock()
				both <- struct{}{}
				_ = quartet.Block(ctx, func() {
					for len(both) < 2 {
						runtime.Gosched()
					}
				})
				if err := second.Lock(ctx); err != nil {
					return 0, err
				}
				second.Unlock()
				return 1, nil
			})
		}
		x, y := thread("x", &a, &b), thread("y", &b, &a)
		n, errX := x.Await(t.Context())
		m, errY := y.Await(t.Context())
		require.Equal(t, 1, n+m, "one is told, the other goes on")
		err := errX
		if err == nil {
			err = errY
		}
		require.ErrorIs(t, err, quartet.ErrDeadlock)
		var d *gil.DeadlockError
		require.ErrorAs(t, err, &d)
		require.Len(t, d.Waits, 2)
		require.Contains(t, d.Waits, "x waits for a Lock that y has")
		require.Contains(t, d.Waits, "y waits for a Lock that x has")
	})
}

// A Lock belongs to no scheduler: one that was another's before is seen in a cycle all the same.
func TestLocksOutliveASchedulerAndStillShowCycles(t *testing.T) {
	var a, b gil.Lock
	first := gil.New(gil.Config{Clock: gil.Virtual})
	_, err := quartet.Do(t.Context(), first, func(ctx context.Context) (int, error) {
		defer a.Unlock()
		return 0, a.Lock(ctx)
	})
	require.NoError(t, err)
	require.NoError(t, first.Close())
	second := gil.New(gil.Config{Clock: gil.Virtual, Machine: gil.Ideal})
	defer second.Close()
	thread := func(x, y *gil.Lock) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			_ = x.Lock(ctx)
			defer x.Unlock()
			_ = quartet.Sleep(ctx, time.Millisecond)
			err := y.Lock(ctx)
			if err == nil {
				y.Unlock()
			}
			return err
		}
	}
	// inside, so that both begin at one time
	_, err = quartet.Do(t.Context(), second, func(ctx context.Context) (int, error) {
		g := quartet.NewGroup(ctx, second)
		g.Go(thread(&a, &b))
		g.Go(thread(&b, &a))
		return 0, g.Wait(ctx)
	})
	require.ErrorIs(t, err, quartet.ErrDeadlock)
}

func TestALockTakenTwiceIsACycleOfOne(t *testing.T) {
	s := gil.New(gil.Config{Clock: gil.Virtual})
	defer s.Close()
	_, err := quartet.Do(quartet.Label(t.Context(), "main"), s, func(ctx context.Context) (int, error) {
		var l gil.Lock
		_ = l.Lock(ctx)
		return 0, l.Lock(ctx)
	})
	require.EqualError(t, err, "gil: deadlock: main waits for a Lock that main has")
}

func TestCondAndQueue(t *testing.T) {
	under(t, func(t *testing.T, s *gil.Scheduler) {
		var l gil.Lock
		c := gil.Cond{L: &l}
		q := gil.NewQueue[int](2)
		ready, sum := 0, 0
		g := quartet.NewGroup(t.Context(), s)
		for range 4 {
			g.Go(func(ctx context.Context) error {
				_ = l.Lock(ctx)
				if ready++; ready == 4 {
					c.Broadcast()
				}
				for ready < 4 {
					if err := c.Wait(ctx); err != nil {
						return err
					}
				}
				l.Unlock()
				for i := range 50 {
					if err := q.Put(ctx, i); err != nil {
						return err
					}
				}
				return nil
			})
		}
		g.Go(func(ctx context.Context) error {
			for range 200 {
				v, err := q.Get(ctx)
				if err != nil {
					return err
				}
				sum += v
			}
			return nil
		})
		require.NoError(t, g.Wait(t.Context()))
		require.Equal(t, 4*49*50/2, sum)
		require.Zero(t, q.Len())
	})
}

// Waits that are cut take no wake-up along: who waits behind them is woken.
func TestCancelStormOnLocksCondsAndQueues(t *testing.T) {
	under(t, func(t *testing.T, s *gil.Scheduler) {
		var l gil.Lock
		c := gil.Cond{L: &l}
		q := gil.NewQueue[int](1)
		var got atomic.Int32
		g := quartet.NewGroup(t.Context(), s)
		for i := range 60 {
			g.Go(func(ctx context.Context) error {
				ctx, cancel := context.WithCancel(ctx)
				defer cancel()
				if i%2 == 0 {
					go cancel()
				}
				if l.Lock(ctx) == nil {
					if i%3 == 0 {
						quartet.Yield(ctx)
					}
					if i%5 == 0 && i%2 == 0 { // its ctx ends
						_ = c.Wait(ctx)
					}
					l.Unlock()
				}
				if q.Put(ctx, i) != nil {
					return nil // who puts nothing gets nothing, or another would wait for ever
				}
				got.Add(1)
				if _, err := q.Get(ctx); err == nil {
					got.Add(-1)
				}
				return nil
			})
		}
		_ = g.Wait(t.Context())
		require.Equal(t, got.Load(), int32(q.Len()))
		require.True(t, l.TryLock(t.Context()), "nobody has it")
	})
}

func TestASlowHolderIsNamed(t *testing.T) {
	for name, clock := range map[string]gil.Clock{"real": gil.Real, "virtual": gil.Virtual} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				said := make(chan error, 2)
				s := gil.New(gil.Config{Clock: clock, SlowThread: time.Second, OnSlow: func(err error) { said <- err }})
				unnamed := make(chan int) // a wait that no waiting word names
				stuck := quartet.Go(quartet.Label(t.Context(), "stuck"), s, func(context.Context) (int, error) {
					return <-unnamed, nil
				})
				other := quartet.Go(t.Context(), s, func(context.Context) (int, error) { return 2, nil })
				err := <-said
				require.EqualError(t, err, "gil: stuck has kept the lock for 1s without a checkpoint")
				require.Contains(t, string(err.(*gil.SlowError).Stacks), "TestASlowHolderIsNamed")
				unnamed <- 1
				_, err = quartet.AwaitAll(t.Context(), stuck, other)
				require.NoError(t, err)
				require.NoError(t, s.Close())
				time.Sleep(time.Minute)
				require.Empty(t, said, "once")
			})
		})
	}
}

func TestAVirtualDeadlockIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said := make(chan error, 2)
		s := gil.New(gil.Config{Clock: gil.Virtual, OnSlow: func(err error) { said <- err }})
		var l gil.Lock
		ctx, cancel := context.WithCancel(t.Context())
		main := quartet.Go(quartet.Label(ctx, "main"), s, func(ctx context.Context) (int, error) {
			_ = l.Lock(ctx)
			defer l.Unlock()
			return quartet.Go(quartet.Label(ctx, "child"), s,
				func(ctx context.Context) (int, error) { return 0, l.Lock(ctx) }).Await(ctx)
		})
		err := <-said
		require.EqualError(t, err,
			"gil: deadlock: main waits for another task, or for what comes from outside; child waits for a Lock that main has")
		cancel()
		_, err = main.Await(t.Context())
		require.ErrorIs(t, err, context.Canceled)
		require.NoError(t, s.Close())
		require.Empty(t, said)
	})
}

// A woken waiter has the Lock before it has the global lock: the thread that unlocked it, and that
// computes on, finds it taken. In CPython the waiter sleeps in PyThread_acquire_lock_timed, without
// the global lock.
func TestAWokenThreadTakesTheLockFirst(t *testing.T) {
	for name, cfg := range map[string]gil.Config{
		"real": {Policy: gil.Interval(time.Hour)}, "virtual": {Clock: gil.Virtual, Policy: gil.Interval(time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			s := gil.New(cfg)
			var l gil.Lock
			var waits, has, stolen bool
			tries := 0
			g := quartet.NewGroup(t.Context(), s)
			g.Go(func(ctx context.Context) error {
				_ = l.Lock(ctx)
				for !waits {
					_ = quartet.Sleep(ctx, time.Millisecond)
				}
				_ = quartet.Sleep(ctx, time.Millisecond) // the other waits in l now, without the global lock
				l.Unlock()
				for ; l.TryLock(ctx) && tries < 100_000; tries++ {
					l.Unlock()
					gil.HoldLock(ctx, 10*time.Microsecond)
				}
				stolen = has // it has run: it had the global lock, which this thread has never given up
				return nil
			})
			g.Go(func(ctx context.Context) error {
				waits = true
				err := l.Lock(ctx)
				has = true
				l.Unlock()
				return err
			})
			require.NoError(t, g.Wait(t.Context()))
			require.NoError(t, s.Close())
			require.Less(t, tries, 100_000, "the waiter has not taken the Lock")
			require.False(t, stolen)
			require.True(t, has)
		})
	}
}

// A Lock may be taken again before the woken waiter runs. It waits on then, and has wanted the
// global lock only once, when it had the Lock.
func TestAWaiterThatIsBargedWaitsOn(t *testing.T) {
	s := gil.New(gil.Config{Clock: gil.Virtual})
	var l gil.Lock
	var order []string
	g := quartet.NewGroup(t.Context(), s)
	g.Go(func(ctx context.Context) error {
		_ = l.Lock(ctx)
		_ = quartet.Sleep(ctx, time.Millisecond)
		l.Unlock()
		_ = l.Lock(ctx)
		gil.Compute(ctx, time.Millisecond)
		order = append(order, "first again")
		l.Unlock()
		return nil
	})
	g.Go(func(ctx context.Context) error {
		err := l.Lock(ctx)
		order = append(order, "second")
		l.Unlock()
		return err
	})
	require.NoError(t, g.Wait(t.Context()))
	require.NoError(t, s.Close())
	require.Equal(t, []string{"first again", "second"}, order)
	require.Zero(t, s.Report().Threads[1].Lost)
}

// The end of a context ends a wait for a Lock also after a wake-up that another thread has used.
func TestABargedWaiterHearsOfTheEndOfItsContext(t *testing.T) {
	under(t, func(t *testing.T, s *gil.Scheduler) {
		var l gil.Lock
		ended, end := context.WithCancelCause(t.Context())
		waits := make(chan struct{})
		g := quartet.NewGroup(t.Context(), s)
		g.Go(func(ctx context.Context) error {
			_ = l.Lock(ctx)
			_ = quartet.Block(ctx, func() { <-waits })
			for range 5 {
				l.Unlock()
				_ = l.Lock(ctx)
				_ = quartet.Sleep(ctx, time.Microsecond)
			}
			end(context.Canceled)
			return nil // with the Lock
		})
		g.Go(func(ctx context.Context) error {
			ctx, stop := context.WithCancelCause(ctx)
			defer context.AfterFunc(ended, func() { stop(context.Cause(ended)) })()
			close(waits)
			if err := l.Lock(ctx); err != nil {
				return err
			}
			l.Unlock()
			return context.Canceled
		})
		require.ErrorIs(t, g.Wait(t.Context()), context.Canceled)
	})
}

// To wake another thread costs who does so, before it releases the global lock.
func TestAWakeUpCostsWhoWakes(t *testing.T) {
	s := gil.New(gil.Config{Clock: gil.Virtual})
	q := gil.NewQueue[int](0)
	g := quartet.NewGroup(t.Context(), s)
	g.Go(func(ctx context.Context) error {
		for range 100 {
			if _, err := q.Get(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	g.Go(func(ctx context.Context) error {
		for i := range 100 {
			if err := errors.Join(quartet.Sleep(ctx, time.Millisecond), q.Put(ctx, i)); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, g.Wait(t.Context()))
	require.NoError(t, s.Close())
	for _, f := range s.Report().Threads {
		if f.Slept > 0 {
			require.Greater(t, f.Locked, 100*gil.LinuxVM.Signal)
		}
	}
}

// A waiter whose context ended, and to which an Unlock gave its wake-up nevertheless, passes it on.
func TestAWaiterThatGivesUpPassesItsWakeUpOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gil.New(gil.Config{Clock: gil.Virtual, Policy: gil.Interval(time.Hour)})
		var l gil.Lock
		ended, end := context.WithCancel(t.Context())
		_, err := quartet.Do(t.Context(), s, func(ctx context.Context) (int, error) {
			_ = l.Lock(ctx)
			second := quartet.Go(ended, s, func(ctx context.Context) (int, error) { return 0, l.Lock(ctx) })
			third := quartet.Go(ctx, s, func(ctx context.Context) (int, error) { return 0, l.Lock(ctx) })
			_ = quartet.Sleep(ctx, time.Millisecond) // both wait
			end()
			synctest.Wait()
			gil.HoldLock(ctx, time.Millisecond) // the second has heard of it, and wants the global lock
			l.Unlock()
			_, err := second.Await(ctx)
			require.ErrorIs(t, err, context.Canceled)
			return third.Await(ctx)
		})
		require.NoError(t, err)
		require.NoError(t, s.Close())
	})
}
