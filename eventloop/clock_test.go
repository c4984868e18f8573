package eventloop_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

// steps writes down what Config.Callbacks sees.
type steps []string

func (s *steps) Observe(e quartet.Event) {
	failed := ""
	if e.Failed {
		failed = " failed"
	}
	*s = append(*s, fmt.Sprintf("%s %d %s %v%s", e.Detail, e.Task, e.Kind, e.At.Sub(time.Unix(0, 0)), failed))
}

// An hour of timers and sleeps passes at once, and in order.
func TestAVirtualClockJumpsFromTimerToTimer(t *testing.T) {
	clock := &eventloop.Clock{}
	var seen quartet.Timeline
	l := eventloop.New(eventloop.Config{Clock: clock, Observer: &seen})
	var log []string
	note := func(what string) { log = append(log, fmt.Sprintf("%s %v", what, clock.Now().Sub(time.Unix(0, 0)))) }
	l.AfterFunc(time.Hour, func() { note("hour") })
	every := l.AfterFunc(3*time.Hour, func() { t.Error("it was stopped") })
	require.NoError(t, l.Go(func(ctx context.Context) {
		require.NoError(t, quartet.Sleep(ctx, time.Minute))
		note("slept")
		clock.Advance(2 * time.Hour) // computes, past the other timer
		note("computed")
		every.Stop()
	}))
	require.NoError(t, l.Run(t.Context()))
	require.Equal(t, []string{"slept 1m0s", "computed 2h1m0s", "hour 2h1m0s"}, log)
	events := seen.Events()
	require.Equal(t, 2*time.Hour+time.Minute, events[len(events)-1].At.Sub(time.Unix(0, 0)))
	require.PanicsWithValue(t, "eventloop: Clock.Advance(-1ns): time does not go back", func() { clock.Advance(-1) })
	require.NoError(t, l.Close())
}

// A stop lets tasks that sleep end in virtual time too.
func TestAVirtualClockWhileALoopIsLeft(t *testing.T) {
	clock := &eventloop.Clock{}
	l := eventloop.New(eventloop.Config{Clock: clock})
	ended := false
	require.NoError(t, l.Go(func(ctx context.Context) {
		l.Stop()
		require.NoError(t, quartet.Sleep(context.WithoutCancel(ctx), time.Hour))
		ended = true
	}))
	require.NoError(t, l.Run(t.Context()))
	require.True(t, ended)
	require.Equal(t, time.Hour, clock.Now().Sub(time.Unix(0, 0)))
	require.NoError(t, l.Close())
}

// Every queue tells of each callback once: when it is queued, when it runs, or that it was dropped.
func TestCallbacksAreSeen(t *testing.T) {
	var seen steps
	clock := &eventloop.Clock{}
	l := eventloop.New(eventloop.Config{Clock: clock, Callbacks: &seen})
	require.NoError(t, l.PostBatch(func() {
		l.AfterFunc(time.Second, func() {})
		l.AfterFunc(time.Second, func() {}).Stop()
		l.Immediate(func() {})
		l.Immediate(func() {}).Stop()
		l.NextTick(func() {})
		l.Microtask(func() {})
	}))
	for {
		ran, err := l.Step()
		require.NoError(t, err)
		if !ran {
			break
		}
	}
	require.Equal(t, strings.Split(`posted 1 queued 0s
posted 1 started 0s
timers 2 queued 0s
timers 3 queued 0s
timers 3 ended 0s failed
immediates 4 queued 0s
immediates 5 queued 0s
immediates 5 ended 0s failed
ticks 6 queued 0s
microtasks 7 queued 0s
posted 1 ended 0s
ticks 6 started 0s
ticks 6 ended 0s
microtasks 7 started 0s
microtasks 7 ended 0s
immediates 4 started 0s
immediates 4 ended 0s
timers 2 started 1s
timers 2 ended 1s`, "\n"), []string(seen))

	seen = nil
	n := 0
	var every *eventloop.Timer
	every = l.Every(time.Second, func() {
		if n++; n == 2 {
			every.Stop()
		}
	})
	require.NoError(t, l.Run(t.Context()))
	require.Equal(t, strings.Split(`timers 8 queued 1s
timers 8 started 2s
timers 8 ended 2s
timers 9 queued 2s
timers 9 started 3s
timers 9 ended 3s`, "\n"), []string(seen))

	seen = nil
	require.NoError(t, l.Close())
	require.ErrorIs(t, l.Post(func() {}), quartet.ErrClosed)
	require.ErrorIs(t, l.PostBatch(func() {}), quartet.ErrClosed)
	require.Equal(t, steps{
		"posted 10 queued 3s", "posted 10 ended 3s failed", "posted 11 queued 3s", "posted 11 ended 3s failed",
	}, seen)
}

func ExampleClock() {
	clock := &eventloop.Clock{}
	l := eventloop.New(eventloop.Config{Clock: clock})
	begin := clock.Now()
	l.AfterFunc(24*time.Hour, func() { fmt.Println("a day later:", clock.Now().Sub(begin)) })
	l.AfterFunc(time.Hour, func() {
		clock.Advance(10 * time.Minute) // it computes for so long
		fmt.Println("an hour later:", clock.Now().Sub(begin))
	})
	fmt.Println(l.Run(context.Background()))
	// Output:
	// an hour later: 1h10m0s
	// a day later: 24h0m0s
	// <nil>
}

// While a task is in Block, or somebody holds the loop, time stands still.
func TestAVirtualClockWaitsForWorkElsewhere(t *testing.T) {
	for range 100 {
		clock := &eventloop.Clock{}
		l := eventloop.New(eventloop.Config{Clock: clock})
		var order []string
		l.AfterFunc(time.Hour, func() { order = append(order, "hour") })
		require.NoError(t, l.Go(func(ctx context.Context) {
			require.NoError(t, quartet.Block(ctx, func() {}))
			order = append(order, "blocked")
		}))
		release := l.KeepAlive("test")
		go func() { require.NoError(t, l.Post(func() { order = append(order, "posted") })); release() }()
		require.NoError(t, l.Run(t.Context()))
		require.Equal(t, "hour", order[2], order)
		require.NoError(t, l.Close())
	}
}
