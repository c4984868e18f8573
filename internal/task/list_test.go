package task_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/internal/task"
)

// Random operations on two lists over the same nodes, each compared with a slice: the lists use
// different links, so a node may be in both.
func TestListAgainstASlice(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		lists := [2]task.List{task.Queued(), task.Alive()}
		models := [2][]*task.Node{}
		nodes := make([]*task.Node, 12)
		for i := range nodes {
			nodes[i] = &task.Node{}
		}
		for range 300 {
			which, n := r.IntN(2), nodes[r.IntN(len(nodes))]
			l, m := &lists[which], &models[which]
			if at := slices.Index(*m, n); at < 0 {
				l.Push(n)
				*m = append(*m, n)
			} else {
				l.Remove(n)
				*m = slices.Delete(*m, at, at+1)
			}
			for i := range lists {
				require.Equal(t, len(models[i]), lists[i].Len())
				require.True(t, slices.Equal(models[i], slices.Collect(lists[i].All())))
				if len(models[i]) == 0 {
					require.Nil(t, lists[i].First())
				} else {
					require.Same(t, models[i][0], lists[i].First())
				}
			}
		}
	}
}

func TestListAllStops(t *testing.T) {
	l := task.Queued()
	for range 3 {
		l.Push(&task.Node{})
	}
	seen := 0
	for range l.All() {
		if seen++; seen == 2 {
			break
		}
	}
	require.Equal(t, 2, seen)
}
