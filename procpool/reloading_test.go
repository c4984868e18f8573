package procpool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// endingContext has ended when Reload waits for its proof. Whoever asks for the cause gets it when
// before has returned.
type endingContext struct {
	context.Context
	asked  atomic.Int32
	ended  chan struct{}
	before func()
}

func (c *endingContext) Done() <-chan struct{} {
	if c.asked.Add(1) == 1 { // no other Reload runs
		return nil
	}
	return c.ended
}

func (c *endingContext) Err() error { return context.Canceled }

func (c *endingContext) Value(any) any {
	c.before()
	return nil
}

// untilLocked waits until is, which looks under the pool's lock, says so.
func (p *Pool) untilLocked(t *testing.T, is func() bool) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	require.NoError(t, p.await(ctx, func() (bool, error) { return is(), nil }))
}

// A Reload whose context ends just when the proof says hello leaves the proof alone: it serves, and
// the roll goes on.
func TestReloadThatEndsWithItsProof(t *testing.T) {
	p, err := New(Config{
		Workers: 1, MinWorkers: 1,
		Env: append(os.Environ(), "GORACE=atexit_sleep_ms=0"), // else a worker takes a second to exit
	})
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Close()) }()
	p.untilLocked(t, func() bool { return p.servingLocked() == 1 })
	ctx := &endingContext{Context: context.Background(), ended: make(chan struct{})}
	close(ctx.ended)
	ctx.before = func() { p.untilLocked(t, func() bool { return p.version == 1 }) }
	require.ErrorIs(t, p.Reload(ctx), context.Canceled)
	p.untilLocked(t, func() bool {
		for _, w := range p.workers {
			if w != nil && w.version == 0 {
				return false
			}
		}
		return true
	})
	p.in.Lock()
	live := p.liveLocked()
	p.in.Commit()
	for _, w := range live {
		require.NoError(t, w.killedBy())
	}
	require.Equal(t, map[string]uint64{byReload: 1}, p.Restarts())
}

// The worker that is to prove a new version counts in no way: Resize leaves it alone. It ends when
// its Reload is given up before the proof.
func TestAProofCountsInNoWay(t *testing.T) {
	f := newMutePool(t, Config{})
	f.in.Lock()
	proof := f.newWorkerLocked(f.freeLaneLocked())
	proof.version = 1
	f.in.Commit()
	f.Resize(1)
	require.NoError(t, proof.killedBy())
	require.NoError(t, f.worker.killedBy())
	f.giveProofUp(proof)
	require.Equal(t, errNotNeeded, proof.killedBy())
	require.Equal(t, byReload, proof.why)
	for _, w := range []*worker{f.worker, proof} {
		f.bury(w, burial{})
	}
	require.NoError(t, f.Close())
}

// A Reload whose proof cannot be started for want of resources says so.
func TestReloadInAShortage(t *testing.T) {
	f := newMutePool(t, Config{})
	f.in.Lock()
	f.worker.version = 1
	f.bootFailedLocked(f.worker, fmt.Errorf("starting a worker: %w", syscall.EMFILE))
	f.in.Commit()
	require.ErrorIs(t, f.worker.proof, syscall.EMFILE)
	require.Zero(t, f.boot.shortage)
	f.gone(t, nil)
}
