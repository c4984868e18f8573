package leaf

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/internal/task"
)

// nobody is an executor that wants to know nothing.
type nobody struct{}

func (nobody) Room()                              {}
func (nobody) Timed(time.Duration, time.Duration) {}
func (nobody) Now() time.Time                     { return time.Time{} }
func (nobody) Sits(*task.Node)                    {}
func (nobody) Feed()                              {}

// Who was told that nothing may start hears of the next entry, although a consumer takes entries
// meanwhile: also between the two looks of ListenLocked.
func TestWhoFindsTheLaneEmptyHearsOfTheNextEntry(t *testing.T) {
	l := New(nobody{}, 8)
	var over atomic.Bool
	var consumer sync.WaitGroup
	consumer.Go(func() {
		for !over.Load() {
			for range 1000 { // without a pause, so that it often comes between two looks
				l.ring.Pop()
			}
			runtime.Gosched()
		}
	})
	push := func() (hungry bool) {
		for !l.Push(func() {}) {
			runtime.Gosched()
		}
		return l.Hungry()
	}
	unheard := 0
	for range 200_000 {
		push()
		if !l.ListenLocked() && !push() {
			unheard++
		}
	}
	over.Store(true)
	consumer.Wait()
	require.Zero(t, unheard)
}
