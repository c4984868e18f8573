package eventloop_test

import (
	"context"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

// However many read while the loop parks and wakes: its idle time never goes back, and its
// Utilization is a share.
func TestIdleNeverGoesBack(t *testing.T) {
	l := started(t, eventloop.Config{})
	var over atomic.Bool
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			before := l.Health()
			for !over.Load() {
				h := l.Health()
				if u := h.Utilization(before); h.Idle < before.Idle || h.Up < before.Up || u < 0 || u > 1 {
					t.Errorf("idle %v then %v, up %v then %v, utilization %v", before.Idle, h.Idle, before.Up, h.Up, u)
					return
				}
				before = h
			}
		})
	}
	for range 20_000 {
		on(t, l, func() {})
	}
	over.Store(true)
	readers.Wait()
}

// The time out of a Run is idle.
func TestALoopThatNobodyRunsIsIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		for range 2 {
			time.Sleep(time.Second)
			require.NoError(t, l.Post(func() { time.Sleep(time.Second) }))
			require.NoError(t, l.Run(t.Context()))
		}
		require.Equal(t, 2*time.Second, l.Health().Idle)
		require.InDelta(t, 0.5, l.Health().Utilization(eventloop.Health{}), 1e-9)
		require.NoError(t, l.Close())
	})
}

func TestLagCountsPosts(t *testing.T) {
	const slow, quarter = 200 * time.Millisecond, 25 * time.Millisecond
	for name, c := range map[string]struct {
		do   func(l *eventloop.Loop)
		want time.Duration
	}{
		"behind a slow one of the same batch": {func(l *eventloop.Loop) {
			_ = l.PostBatch(func() { time.Sleep(slow) }, func() {})
		}, slow},
		"posted while a slow one runs": {func(l *eventloop.Loop) {
			_ = l.Post(func() { time.Sleep(slow) })
			synctest.Wait()
			_ = l.Post(func() {})
		}, slow},
		"behind a slow task": {func(l *eventloop.Loop) {
			_ = l.Go(func(context.Context) { time.Sleep(slow) })
			synctest.Wait()
			_ = l.Post(func() {})
		}, slow},
		"behind many short ones": {func(l *eventloop.Loop) {
			for range 100 {
				_ = l.Post(func() { time.Sleep(slow / 100) })
			}
		}, slow},
		"posted while many short ones run": {func(l *eventloop.Loop) {
			short := func() { time.Sleep(slow / 100) }
			many := slices.Repeat([]func(){short}, 50)
			_ = l.PostBatch(append([]func(){func() { _ = l.PostBatch(many...) }}, many...)...)
		}, slow},
		"behind nothing": {func(l *eventloop.Loop) {
			for range 100 {
				_ = l.Post(func() {})
				synctest.Wait()
			}
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := eventloop.New(eventloop.Config{SlowCallback: 4 * quarter, OnSlow: func(time.Duration, []byte) {}})
				l.Start()
				synctest.Wait()
				time.Sleep(time.Hour)
				c.do(l)
				time.Sleep(time.Hour)
				lag := l.Health().Lag
				require.LessOrEqual(t, lag.Max, c.want)
				require.GreaterOrEqual(t, lag.Max, c.want-2*quarter)
				require.Equal(t, c.want > 0, lag.Count > 0)
				require.NoError(t, l.Close())
			})
		})
	}
}

func TestAStandingLoopShowsInLagWhileItStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{OnSlow: func(time.Duration, []byte) {}})
		l.Start()
		release := make(chan struct{})
		require.NoError(t, l.Post(func() { <-release }))
		for i := range 3 {
			time.Sleep(time.Second)
			require.GreaterOrEqual(t, l.Health().Lag.Max, time.Duration(i+1)*time.Second-25*time.Millisecond)
		}
		close(release)
		synctest.Wait()
		require.Zero(t, l.Health().Lag.Count, "nothing has waited")
		require.NoError(t, l.Close())
	})
}

// The watchdog finds the loop's stack, and the task's name, among those of very many goroutines.
func TestTheWatchdogNamesASlowTaskAmongManyGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		for range 15_000 { // their stacks are several MiB
			go stand(over, 5)
		}
		synctest.Wait()
		reports := make(chan string, 10)
		l := eventloop.New(eventloop.Config{OnSlow: func(_ time.Duration, stack []byte) { reports <- string(stack) }})
		l.Start()
		other := eventloop.New(eventloop.Config{OnSlow: func(time.Duration, []byte) {}})
		other.Start()
		require.NoError(t, other.Post(func() { <-over }))
		_, err := quartet.Do(quartet.Label(t.Context(), "invoices"), l, keepTheLoop)
		require.NoError(t, err)
		require.Len(t, reports, 1)
		report := <-reports
		require.True(t, strings.HasPrefix(report, "task invoices\n\ngoroutine "), report)
		require.Contains(t, report, "eventloop_test.keepTheLoop")
		require.Equal(t, 1, strings.Count(report, "\ngoroutine "), "the loop's alone")
		close(over)
		require.NoError(t, l.Close())
		require.NoError(t, other.Close())
	})
}

func keepTheLoop(context.Context) (int, error) {
	time.Sleep(time.Second)
	return 0, nil
}

func stand(over chan struct{}, depth int) {
	if depth > 0 {
		stand(over, depth-1)
		runtime.KeepAlive(over)
		return
	}
	<-over
}

// poorListener has no descriptors at first.
type poorListener struct {
	net.Listener
	fail atomic.Int32
}

func (p *poorListener) Accept() (net.Conn, error) {
	if p.fail.Add(-1) >= 0 {
		return nil, syscall.EMFILE
	}
	return p.Listener.Accept()
}

func TestHealthCountsAcceptErrorsAndWhatCloseDrops(t *testing.T) {
	l := eventloop.New(eventloop.Config{})
	l.Start()
	poor := &poorListener{Listener: listen(t)}
	poor.fail.Store(3)
	accepted := make(chan struct{})
	_, err := l.Serve(poor, func(c *eventloop.Conn) { close(accepted) })
	require.NoError(t, err)
	client, err := net.Dial("tcp", poor.Addr().String())
	require.NoError(t, err)
	defer client.Close()
	<-accepted
	require.Equal(t, uint64(3), l.Health().AcceptErrors)

	blocked, release := make(chan struct{}), make(chan struct{})
	require.NoError(t, l.Post(func() { close(blocked); <-release }))
	<-blocked
	never := quartet.Go(t.Context(), l, func(ctx context.Context) (int, error) { return 0, nil })
	eventloop.Then(l, never, func(int, error) { t.Error("waived") })
	require.NoError(t, l.PostBatch(func() { t.Error("dropped") }, func() { t.Error("dropped") }))
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_ = l.Close()
	}()
	for l.Health().Dropped < 3 {
		runtime.Gosched()
	}
	close(release)
	<-closed
	require.Equal(t, uint64(3), l.Health().Dropped)
}
