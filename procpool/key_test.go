package procpool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

type entry struct {
	File, Line string
	How        string // "": returns, "panic", "exit"
	Nap        time.Duration
}

// noted writes down when it begins and when it ends: in which order that was is for all to see
// afterwards.
var noted = quartet.Define("noted", func(ctx context.Context, e entry) (int, error) {
	f, err := os.OpenFile(e.File, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	fmt.Fprintln(f, "begin", e.Line)
	_ = quartet.Sleep(ctx, e.Nap)
	switch e.How {
	case "panic":
		defer fmt.Fprintln(f, "end", e.Line)
		panic("planted")
	case "exit":
		fmt.Fprintln(f, "end", e.Line)
		os.Exit(3)
	}
	fmt.Fprintln(f, "end", e.Line)
	return os.Getpid(), nil
})

// A thousand keys, with naps, panics and workers that die: the calls of a key begin in order, and
// each after the end of the one before it.
func TestKeysKeepTheirOrder(t *testing.T) {
	t.Parallel()
	const keys, calls = 1000, 4
	p := newPool(t, procpool.Config{Workers: 3, Queue: keys * calls, OnOutput: func(procpool.Line) {}})
	ctx := bounded(t)
	dir := t.TempDir()
	file := func(key int) string { return filepath.Join(dir, fmt.Sprint(key)) }
	var fs []*quartet.Future[int]
	for i := range calls {
		for key := range keys {
			e := entry{File: file(key), Line: fmt.Sprint(i)}
			switch (key + 7*i) % 97 {
			case 0:
				e.How = "panic"
			case 1:
				e.How = "exit"
			case 2, 3, 4:
				e.Nap = time.Millisecond
			}
			fs = append(fs, noted.Go(ctx, p.Key(key), e))
		}
	}
	for _, f := range fs {
		_, err := f.Await(ctx)
		var lost *procpool.WorkerLostError
		var panicked *quartet.PanicError
		require.True(t, err == nil || errors.As(err, &lost) || errors.As(err, &panicked), err)
	}
	var want strings.Builder
	for i := range calls {
		fmt.Fprintf(&want, "begin %d\nend %[1]d\n", i)
	}
	for key := range keys {
		got, err := os.ReadFile(file(key))
		require.NoError(t, err)
		require.Equal(t, want.String(), string(got), "key %d", key)
	}
}

func TestASlowKeyBlocksNoOther(t *testing.T) {
	hook, next := lines()
	p := newPool(t, procpool.Config{Workers: 2, OnOutput: hook})
	ctx, cancel := context.WithCancel(bounded(t))
	defer cancel()
	slow := untilCancelled.Go(ctx, p.Key("slow"), none{})
	require.Equal(t, "started", next(t))
	behind := double.Go(bounded(t), p.Key("slow"), 1)
	for key := range 50 { // half of them have the slow one's worker for their own
		v, err := double.Do(bounded(t), p.Key(key), key)
		require.NoError(t, err)
		require.Equal(t, 2*key, v)
	}
	_, err := behind.Result()
	require.ErrorIs(t, err, quartet.ErrPending)
	cancel()
	_, err = slow.Await(bounded(t))
	require.ErrorIs(t, err, context.Canceled)
	v, err := behind.Await(bounded(t))
	require.NoError(t, err)
	require.Equal(t, 2, v)
}

// With room in all workers a key's calls go to one, and keys are spread over all.
func TestKeysAreSticky(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 3})
	ctx := bounded(t)
	var all []*quartet.Future[int]
	for range 3 { // all are up
		all = append(all, naps.Go(ctx, p, 50*time.Millisecond))
	}
	_, err := quartet.AwaitAll(ctx, all...)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(p.PIDs()) == 3 }, time.Minute, time.Millisecond)
	workers := make(map[int]bool)
	for key := range 40 {
		first, err := pid.Do(ctx, p.Key(key), none{})
		require.NoError(t, err)
		workers[first] = true
		for range 5 {
			again, err := pid.Do(ctx, p.Key(key), none{})
			require.NoError(t, err)
			require.Equal(t, first, again)
		}
	}
	require.Len(t, workers, 3)
}

func TestACancelledKeyedCallLetsTheNextOneGo(t *testing.T) {
	p, release := busyPool(t, procpool.Config{})
	ctx, cancel := context.WithCancel(bounded(t))
	defer cancel()
	k := p.Key("a")
	first, second := double.Go(bounded(t), k, 1), double.Go(ctx, k, 2)
	third := double.Go(bounded(t), p.Key("a"), 3)
	cancel()
	_, err := second.Await(bounded(t))
	require.ErrorIs(t, err, context.Canceled)
	release()
	got, err := quartet.AwaitAll(bounded(t), first, third)
	require.NoError(t, err)
	require.Equal(t, []int{2, 6}, got)
}

// Who resizes while keyed calls run loses none.
func TestKeysOutliveAResize(t *testing.T) {
	p := newPool(t, procpool.Config{Workers: 1})
	ctx := bounded(t)
	sum := 0
	var fs []*quartet.Future[int]
	for i := range 300 {
		if i%50 == 0 {
			p.Resize(1 + i/50%3)
		}
		fs = append(fs, double.Go(ctx, p.Key(i%10), i))
	}
	for _, f := range fs {
		v, err := f.Await(ctx)
		require.NoError(t, err)
		sum += v
	}
	require.Equal(t, 300*299, sum)
}

func TestBadKeys(t *testing.T) {
	p := newPool(t, procpool.Config{})
	require.PanicsWithValue(t, "procpool: Key of a <nil>: it cannot be compared", func() { p.Key(nil) })
	require.PanicsWithValue(t, "procpool: Key of a []int: it cannot be compared", func() { p.Key([]int{}) })
	require.ErrorIs(t, p.Key(1).Close(), procpool.ErrView)
}
