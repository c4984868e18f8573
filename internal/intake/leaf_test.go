package intake_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/leaf"
)

// Whenever a snapshot is taken, a leaf that fails is never counted twice: the sums hold, and none
// is below zero.
func TestLeavesAreCountedOnce(t *testing.T) {
	const leaves = 20_000
	h := &hand{ready: make(chan struct{}, 1)}
	h.Init(intake.Config{
		Package: "hand", Host: h, Ready: h.signal, Queue: leaves, Leaves: true,
		Slots: func() int { return 1 }, Calls: func() bool { return false },
	})
	for range leaves {
		require.NoError(t, h.SubmitFunc(func() { panic("planted") }, false))
	}
	var all sync.WaitGroup
	all.Go(func() {
		var c leaf.Consumer
		h.Lock()
		h.NextLocked(&c)
		h.Commit()
		for failed(&c) {
		}
		h.Lock()
		h.LeaveLocked(&c)
		h.Commit()
	})
	for deadline := time.Now().Add(time.Minute); h.Stats().Failed < leaves && time.Now().Before(deadline); {
		s := h.Stats()
		adds(t, s)
		require.LessOrEqual(t, s.Done, uint64(leaves))
	}
	all.Wait()
	s := h.Stats()
	require.Zero(t, s.Done)
	require.Equal(t, uint64(leaves), s.Failed)
	require.NoError(t, h.Drain(t.Context()))
}

// failed runs leaves up to one that panics.
func failed(c *leaf.Consumer) (yes bool) {
	defer func() {
		if yes = recover() != nil; yes {
			c.Fail()
		}
	}()
	c.Run()
	return false
}
