package linked

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

type waiter struct{ link Link[*waiter] }

// A List does what a slice does, whatever comes and leaves.
func TestListIsASlice(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var list List[*waiter]
	var model []*waiter
	for range 10_000 {
		if i := random.IntN(len(model) + 2); i < len(model) {
			list.Remove(&model[i].link)
			model = slices.Delete(model, i, i+1)
		} else {
			w := &waiter{}
			list.Push(&w.link, w)
			model = append(model, w)
		}
		require.Equal(t, len(model), list.Len())
		if len(model) == 0 {
			require.Nil(t, list.First())
		} else {
			require.Same(t, model[0], list.First())
		}
		require.True(t, slices.Equal(model, slices.Collect(list.All())))
	}
}

func TestAllStopsWhenTold(t *testing.T) {
	var list List[int]
	var links [3]Link[int]
	for i := range links {
		list.Push(&links[i], i)
	}
	for i := range list.All() {
		require.Zero(t, i)
		break
	}
}

func TestWaitingAllocatesNothing(t *testing.T) {
	var list List[*waiter]
	w := &waiter{}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		list.Push(&w.link, w)
		list.Remove(&w.link)
	}))
}
