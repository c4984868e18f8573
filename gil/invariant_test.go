package gil

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The checks find faults that are planted.
func TestInvariantsAreChecked(t *testing.T) {
	v := newVirtual(New(Config{Clock: Virtual}))
	a, b := &vthread{}, &vthread{}
	v.lock.holder = a
	require.PanicsWithValue(t, "gil: invariant broken: two threads hold the lock", func() { v.acquire(b) })
	require.PanicsWithValue(t, "gil: invariant broken: a thread releases a lock that it does not hold", func() { v.release(b, func() {}) })
	a.Run = time.Second
	require.Panics(t, func() { a.check(v) }, "a second that the clock has not seen")
}
