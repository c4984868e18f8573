package ring_test

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/internal/ring"
)

// Random steps, in one goroutine, compared with a slice.
func TestRingAgainstASlice(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, limit := range []int{1, 2, 3, 7, 8, 100} {
		q := ring.New[int](limit)
		var want []int
		pushed, popped, gate := 0, 0, false
		for range 10_000 {
			switch r.IntN(9) {
			case 0, 1, 2, 3:
				require.Equal(t, uint64(pushed), q.Next())
				ok := q.Push(pushed)
				require.Equal(t, !gate && len(want) < limit, ok)
				if ok {
					want = append(want, pushed)
					pushed++
				}
			case 4, 5, 6:
				require.Equal(t, len(want) > 0, q.Ready())
				v, ok := q.Pop()
				require.Equal(t, len(want) > 0, ok)
				if ok {
					require.Equal(t, want[0], v)
					want, popped = want[1:], popped+1
				}
			case 7:
				q.Shut()
				gate = true
			case 8:
				q.Open()
				gate = false
			}
			in, out := q.Counts()
			require.Equal(t, []uint64{uint64(pushed), uint64(popped)}, []uint64{in, out})
			require.Equal(t, len(want), q.Len())
		}
	}
}

// Each value comes out once, those of one producer in order, and none after Shut has returned and
// the ring was emptied. Never are there more than limit.
func TestProducersConsumersAndShut(t *testing.T) {
	const producers, consumers, limit = 4, 4, 5
	for range 50 {
		q := ring.New[[2]int](limit)
		var accepted [producers]int
		var shut atomic.Bool
		var all sync.WaitGroup
		for p := range producers {
			all.Go(func() {
				for !shut.Load() {
					if q.Push([2]int{p, accepted[p]}) {
						accepted[p]++
					} else {
						runtime.Gosched()
					}
				}
			})
		}
		var seen [consumers][][2]int
		var longest [consumers]int
		for c := range consumers {
			all.Go(func() {
				for !shut.Load() || q.Len() > 0 {
					longest[c] = max(longest[c], q.Len())
					v, ok := q.Pop()
					if !ok {
						runtime.Gosched()
						continue
					}
					if seen[c] = append(seen[c], v); len(seen[c]) == 100 {
						q.Shut()
						shut.Store(true)
					}
				}
			})
		}
		all.Wait()
		require.LessOrEqual(t, slices.Max(longest[:]), limit)
		var got [producers][]bool
		for p := range got {
			got[p] = make([]bool, accepted[p])
		}
		for _, vs := range seen {
			last := [producers]int{-1, -1, -1, -1}
			for _, v := range vs {
				require.Greater(t, v[1], last[v[0]], "in order")
				last[v[0]] = v[1]
				require.False(t, got[v[0]][v[1]], "once")
				got[v[0]][v[1]] = true
			}
		}
		for p := range got {
			require.NotContains(t, got[p], false)
		}
	}
}

// All consumers meet at one head, and each value goes to one of them.
func TestConsumersAtOneHead(t *testing.T) {
	const consumers, values = 4, 8192
	for range 30 {
		q := ring.New[int](values)
		for v := range values {
			require.True(t, q.Push(v))
		}
		var times [values]atomic.Int32
		begin := make(chan struct{})
		var all sync.WaitGroup
		for range consumers {
			all.Go(func() {
				<-begin
				for v, ok := q.Pop(); ok; v, ok = q.Pop() {
					times[v].Add(1)
				}
			})
		}
		close(begin)
		all.Wait()
		for v := range times {
			require.EqualValues(t, 1, times[v].Load(), "value %d", v)
		}
	}
}

// A ring does not keep a value alive that it has given out.
func TestAPoppedValueIsNotKept(t *testing.T) {
	q := ring.New[*[64]byte](4)
	popped := func() weak.Pointer[[64]byte] {
		require.True(t, q.Push(new([64]byte)))
		v, ok := q.Pop()
		require.True(t, ok)
		return weak.Make(v)
	}()
	runtime.GC()
	require.Nil(t, popped.Value())
	runtime.KeepAlive(q)
}

func BenchmarkPushPop(b *testing.B) {
	q := ring.New[func()](1024)
	for b.Loop() {
		q.Push(nil)
		q.Pop()
	}
}
