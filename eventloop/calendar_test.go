package eventloop_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/eventloop"
)

// model is what the calendar is compared with: a slice that is searched.
type model []modelTimer

type modelTimer struct {
	number int
	when   time.Duration
	remove func()
}

// first is the index of the timer that comes first, or -1.
func (m model) first() int {
	first := -1
	for i, t := range m {
		if first < 0 || t.when < m[first].when || t.when == m[first].when && t.number < m[first].number {
			first = i
		}
	}
	return first
}

// Random timers, near, far, equal and removed, come in the order in which a slow obvious model
// gives them.
func TestCalendarAgainstAModel(t *testing.T) {
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 5))
		c, now, number := eventloop.NewCalendar(), time.Duration(0), 0
		var m model
		reach := []time.Duration{time.Microsecond, time.Second, time.Minute}[seed%3]
		for range 4000 {
			switch op := r.IntN(10); {
			case op < 6:
				number++
				when := now + time.Duration(r.Int64N(int64(reach)))
				if r.IntN(4) == 0 {
					when = now + reach/2 // often equal
				}
				m = append(m, modelTimer{number, when, c.Push(number, when, now)})
			case op < 8 && len(m) > 0:
				i := r.IntN(len(m))
				m[i].remove()
				m = slices.Delete(m, i, i+1)
			case op == 8:
				now += time.Duration(r.Int64N(int64(reach) / 100))
			default:
				popAll(t, c, &m, now, 20)
			}
		}
		for len(m) > 0 {
			now += reach / 50
			popAll(t, c, &m, now, len(m))
		}
		_, ok, until := c.Pop(now)
		require.False(t, ok)
		require.Equal(t, time.Duration(1<<63-1), until, "nothing is left")
	}
}

// popAll takes due timers out of both, at most so many, and compares them.
func popAll(t *testing.T, c *eventloop.Calendar, m *model, now time.Duration, most int) {
	t.Helper()
	for range most {
		number, ok, until := c.Pop(now)
		i := m.first()
		if i < 0 || (*m)[i].when > now {
			require.False(t, ok)
			require.Greater(t, until, now)
			if i >= 0 {
				require.LessOrEqual(t, until, (*m)[i].when, "the loop must not sleep longer")
			}
			return
		}
		require.True(t, ok)
		require.Equal(t, (*m)[i].number, number)
		*m = slices.Delete(*m, i, i+1)
	}
}

func TestCancelledTimersLeaveNoMemory(t *testing.T) {
	c := eventloop.NewCalendar()
	for i := range 100_000 {
		remove := c.Push(i+1, time.Duration(i)*time.Millisecond, 0)
		if i%10 != 0 {
			remove()
		}
	}
	require.Less(t, c.Size(), 2*10_000+100)
}
