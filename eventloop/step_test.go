package eventloop_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

func ExampleLoop_Step() {
	loop := eventloop.New(eventloop.Config{})
	_ = loop.Post(func() {
		loop.Immediate(func() { fmt.Println("immediate") })
		loop.NextTick(func() { fmt.Println("tick") })
		fmt.Println("callback")
	})
	for n := 1; ; n++ {
		fmt.Println("step", n)
		if ran, _ := loop.Step(); !ran {
			break
		}
	}
	// Output:
	// step 1
	// callback
	// tick
	// step 2
	// immediate
	// step 3
}

func ExampleLoop_RunUntilIdle() {
	loop := eventloop.New(eventloop.Config{})
	loop.AfterFunc(time.Hour, func() {}) // would keep Run
	_ = loop.Post(func() { fmt.Println("now") })
	fmt.Println(loop.RunUntilIdle())
	// Output:
	// now
	// <nil>
}

func TestStepGoesCallbackByCallbackThroughATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		var log []string
		note := func(s string) func() { return func() { log = append(log, s) } }
		l.AfterFunc(time.Second, note("timer"))
		require.NoError(t, l.Post(func() {
			note("post")()
			l.Immediate(note("immediate"))
			l.Microtask(note("microtask"))
		}))
		require.NoError(t, l.Post(note("post 2")))
		for _, want := range [][]string{{"post", "microtask"}, {"post 2"}, {"immediate"}, nil} {
			log = nil
			ran, err := l.Step()
			require.NoError(t, err)
			require.Equal(t, want != nil, ran)
			require.Equal(t, want, log)
		}
		time.Sleep(time.Second)
		require.NoError(t, l.RunUntilIdle())
		require.Equal(t, []string{"timer"}, log)
		require.NoError(t, l.Close())
	})
}

func TestStepLeavesATaskWaitingAndRunTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		f := quartet.Go(t.Context(), l, func(ctx context.Context) (int, error) {
			return 1, quartet.Sleep(ctx, time.Minute)
		})
		require.NoError(t, l.RunUntilIdle())
		require.Equal(t, uint64(1), l.Stats().Waiting)
		require.NoError(t, l.Run(t.Context()))
		v, err := f.Result()
		require.NoError(t, err)
		require.Equal(t, 1, v)
		require.NoError(t, l.Close())
	})
}

func TestCloseEndsTheTasksThatStepLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		waits := quartet.Go(t.Context(), l, func(ctx context.Context) (int, error) {
			return 0, quartet.Sleep(ctx, time.Minute)
		})
		yields := quartet.Go(t.Context(), l, func(ctx context.Context) (int, error) {
			quartet.Yield(ctx)
			return 2, nil
		})
		for range 2 {
			_, err := l.Step()
			require.NoError(t, err)
		}
		require.NoError(t, l.Close())
		_, err := waits.Result()
		require.ErrorIs(t, err, quartet.ErrClosed)
		v, err := yields.Result()
		require.NoError(t, err)
		require.Equal(t, 2, v)
		_, err = l.Step()
		require.ErrorIs(t, err, quartet.ErrClosed)
	})
}

func TestStepTellsOfAPanicAndOfARunningLoop(t *testing.T) {
	l := eventloop.New(eventloop.Config{StopOnPanic: true})
	var inside error
	require.NoError(t, l.PostBatch(func() { panic("boom") }, func() { _, inside = l.Step() }))
	ran, err := l.Step()
	require.True(t, ran)
	var p *quartet.PanicError
	require.True(t, errors.As(err, &p))
	require.NoError(t, l.RunUntilIdle(), "what was queued stayed")
	require.ErrorIs(t, inside, eventloop.ErrRunning)
	require.NoError(t, l.Close())
}

// The hook of a panic runs on Step's own goroutine, which is inside the loop then, and no longer.
func TestCloseAfterAStepThatPanicked(t *testing.T) {
	var inside error
	var l *eventloop.Loop
	l = eventloop.New(eventloop.Config{OnPanic: func(error) { inside = l.MayWait() }})
	require.NoError(t, l.Post(func() { panic("boom") }))
	ran, err := l.Step()
	require.True(t, ran)
	require.NoError(t, err)
	require.ErrorIs(t, inside, quartet.ErrDeadlock)
	require.NoError(t, l.MayWait())
	require.NoError(t, l.Close())
}
