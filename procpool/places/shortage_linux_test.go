package places_test

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

func limitDescriptors(t *testing.T, n uint64) {
	t.Helper()
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	limit.Cur = n
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
}

// A shortage of descriptors is not a broken program: calls wait, and run within a moment after it
// is over.
func TestShortageOfDescriptorsPasses(t *testing.T) {
	if !inPlace(t, nil) {
		return
	}
	limitDescriptors(t, 60)
	p := newPool(t, procpool.Config{Workers: 4})
	works(t, p)
	var held []*os.File
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		held = append(held, f)
	}
	_, err := length.Do(bounded(t), p, "crash")
	var lost *procpool.WorkerLostError
	require.ErrorAs(t, err, &lost)
	for { // the lost worker's own have become free
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		held = append(held, f)
	}
	waiting := double.Go(bounded(t), p, 21)
	const more = 6 // than make a pool give up a broken program
	before := p.Restarts()["boot failed"]
	require.Eventually(t, func() bool { return p.Restarts()["boot failed"] >= before+more }, time.Minute,
		time.Millisecond)
	_, err = waiting.Result()
	require.ErrorIs(t, err, quartet.ErrPending)
	for _, f := range held {
		require.NoError(t, f.Close())
	}
	over := time.Now()
	v, err := waiting.Await(bounded(t))
	require.NoError(t, err)
	require.Equal(t, 42, v)
	require.Less(t, time.Since(over), time.Second)
}

// Where there are descriptors for a few workers only, these do all the work.
func TestFewDescriptors(t *testing.T) {
	if !inPlace(t, nil) {
		return
	}
	limitDescriptors(t, 30)
	p := newPool(t, procpool.Config{Workers: 8})
	var fs []*quartet.Future[int]
	for range 40 {
		fs = append(fs, naps.Go(bounded(t), p, 5*time.Millisecond))
	}
	_, err := quartet.AwaitAll(bounded(t), fs...)
	require.NoError(t, err)
}
