package intake

import (
	"context"
	"math/bits"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// Random openings and shuttings, with seats taken and left in between: as many calls get a seat as
// were allowed, no seat is taken twice, and out is always who sits.
func TestSeatsAreLentAndComeBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	s := newSeats()
	sitting := map[*seat]bool{}
	require.Nil(t, s.take(), "they are shut at first")
	for range 5_000 {
		n := rng.IntN(70)
		room := min(n, maxSeats-len(sitting))
		s.openLocked(n)
		require.Equal(t, room, bits.OnesCount64(s.free.Load()&^uint64(opened)))
		for range rng.IntN(80) {
			if c := s.take(); c != nil {
				require.False(t, sitting[c])
				sitting[c] = true
				room--
			} else {
				require.Zero(t, room)
			}
			for c := range sitting {
				if rng.IntN(3) == 0 {
					require.True(t, s.leave(c))
					delete(sitting, c)
					room++
				}
				break
			}
		}
		require.Equal(t, len(sitting), s.takenLocked())
		s.shutLocked()
		require.Equal(t, len(sitting), s.takenLocked())
		require.Nil(t, s.take())
		for c := range sitting {
			require.False(t, s.leave(c))
			s.vacateLocked(c)
			delete(sitting, c)
			break
		}
	}
}

// Many callers, while the seats are shut and opened all the time: never more sit than were let in,
// and all ends are counted once, by the seat or by who has had the node stand up.
func TestSeatsAreTakenByOne(t *testing.T) {
	const callers, calls, most = 8, 2_000, 3
	s := newSeats()
	var mu sync.Mutex
	adopted := 0
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range calls {
				c := s.take()
				for c == nil {
					mu.Lock()
					s.shutLocked()
					require.LessOrEqual(t, s.takenLocked(), most)
					for n := range s.sitting {
						for i := range s.seat {
							if _, sat := s.seat[i].stand(n); sat {
								adopted++
							}
						}
					}
					s.openLocked(most - s.takenLocked())
					mu.Unlock()
					c = s.take()
				}
				n := &task.Node{}
				c.sit(n, nil)
				if _, sat := c.stand(n); sat {
					c.count(n)
				}
				if !s.leave(c) {
					mu.Lock()
					if !s.leave(c) {
						s.vacateLocked(c)
					}
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	done, failed := s.endedLocked()
	require.Zero(t, failed)
	require.Equal(t, uint64(callers*calls), done+uint64(adopted))
	require.Zero(t, s.takenLocked())
}

// A call that has taken its seat when a Watch looks at the seats, and sits down after, is seen.
func TestACallThatBeginsBesideAWatchIsSeen(t *testing.T) {
	in := &Intake{}
	in.Init(Config{
		Package: "test", Host: in, Ready: func() {}, Adopted: func(*task.Node) {}, Calls: func() bool { return false },
	})
	parent := task.Of(t.Context(), quartet.TaskFunc(func(context.Context) {}))
	require.True(t, parent.Claim())
	n := task.Of(t.Context(), quartet.TaskFunc(func(context.Context) {}))
	c := Call{in, in.nested, in.nested.take(), n, parent}
	stop := in.Watch(ignores{})
	defer stop()
	c.begin()
	require.Equal(t, &in.started, n.In)
}

type ignores struct{}

func (ignores) Observe(quartet.Event) {}
