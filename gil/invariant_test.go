package gil

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// faulty is a machine on which two threads compute for ever, one sleeps in between, and all is
// well.
func faulty() *sim {
	cfg := Config{Cores: 2}
	cfg.setDefaults()
	s := newSim(&cfg)
	for range 2 {
		s.spawn(Cycle(0, Op{Do: DoCompute, For: time.Second}), 0, 0)
	}
	s.spawn(Cycle(0, Op{Do: DoCompute, For: 100 * us}, Op{Do: DoSleep, For: ms}), 0, 0)
	for s.now < 100*ms {
		s.step()
	}
	return s
}

// until steps s until cond holds.
func until(t *testing.T, s *sim, cond func() bool) {
	t.Helper()
	for range 100_000 {
		if cond() {
			return
		}
		s.step()
	}
	t.Fatal("that never came")
}

// The checks find faults that are planted into a machine that runs.
func TestInvariantsAreChecked(t *testing.T) {
	runs := func(s *sim) func() {
		return func() {
			for range 10_000 {
				s.step()
			}
		}
	}
	panics := func(t *testing.T, want string, f func()) {
		t.Helper()
		defer func() {
			t.Helper()
			r := recover()
			require.NotNil(t, r, "nothing was found")
			require.Contains(t, r, "gil: invariant broken: "+want)
		}()
		f()
	}
	require.NotPanics(t, runs(faulty()), "nothing is planted yet")
	t.Run("two holders", func(t *testing.T) {
		s := faulty()
		l := &s.locks[0]
		until(t, s, func() bool { return l.holder != nil && l.waiters.Len() > 0 })
		other := l.waiters.First()
		l.waiters.Remove(&other.link)
		panics(t, "threads", func() { s.acquire(other) })
	})
	t.Run("a holder that is none", func(t *testing.T) {
		s := faulty()
		l := &s.locks[0]
		until(t, s, func() bool { return l.holder != nil })
		l.holder = nil
		panics(t, "thread", runs(s))
	})
	t.Run("a lost wake-up", func(t *testing.T) {
		s := faulty()
		l := &s.locks[0]
		until(t, s, func() bool { return l.holder == nil && l.flying == 1 && l.waiters.Len() > 0 })
		l.flying-- // the one on its way will never come
		panics(t, "a wake-up is lost", func() { l.check() })
	})
	t.Run("a policy that wakes nobody", func(t *testing.T) {
		cfg := Config{Policy: sleepy{Interval(ms)}}
		cfg.setDefaults()
		s := newSim(&cfg)
		for range 2 {
			s.spawn(Cycle(0, Op{Do: DoCompute, For: time.Second}), 0, 0)
		}
		require.NotPanics(t, runs(s), "the machine wakes the first waiter, whatever a policy says")
	})
	t.Run("time that goes back", func(t *testing.T) {
		s := faulty()
		s.agenda.heap[0].at = s.now - 1
		panics(t, "time goes back", runs(s))
	})
	t.Run("a forced switch that changes nobody", func(t *testing.T) {
		s := faulty()
		l := &s.locks[0]
		until(t, s, func() bool { return len(l.dropped) > 0 })
		d := l.dropped[0]
		l.dropped = nil
		s.agenda.put(d, s.now, onSwitched)
		panics(t, "a forced switch", runs(s))
	})
	t.Run("a state unaccounted for", func(t *testing.T) {
		s := faulty()
		s.alive()[2].Wait -= us
		panics(t, "the states of thread 2", func() { s.report(&Config{Policy: CPython38(), Cores: 2}) })
	})
}

// sleepy never stays after a drop.
type sleepy struct{ Policy }

func (sleepy) Release(LockState, bool) Release { return Release{} }
