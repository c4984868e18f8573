package gil

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// lateBeside is how late a thread is that starts and then sleeps, each time, on the one core of a
// thread that computes for ever.
func lateBeside(t *testing.T, m Machine, sleeps int) (late []time.Duration) {
	t.Helper()
	const sleep = ms
	const start = 100 * us
	due := time.Duration(start)
	sleeper := func(now time.Duration) Op {
		late = append(late, now-due)
		if len(late) > sleeps {
			return Op{}
		}
		due = now + sleep
		return Op{Do: DoSleep, For: sleep}
	}
	_, err := Simulate(Config{Policy: Free(), Cores: 1, Machine: m}, time.Second,
		StepThread{Step: Cycle(0, Op{Do: DoCompute, For: time.Hour})}, StepThread{Step: sleeper, Start: start})
	require.NoError(t, err)
	require.Len(t, late, sleeps+1)
	return late
}

// A thread that had no less of the core than its share waits for a tick. Since it had nothing of
// the core meanwhile, it displaces what runs there the next time.
func TestAThreadWithoutALagWaitsForATick(t *testing.T) {
	m := Ideal
	m.Fair, m.Quantum = true, 4*ms
	late := lateBeside(t, m, 3)
	require.Positive(t, late[0])
	require.LessOrEqual(t, late[0], m.Quantum+m.Quantum/3)
	require.Equal(t, []time.Duration{0, 0, 0}, late[1:])
}

func TestWithoutFairAThreadThatWakesHasTheCoreAtOnce(t *testing.T) {
	require.Equal(t, []time.Duration{0, 0, 0, 0}, lateBeside(t, Ideal, 3))
}

// A thread that waits gains half of the time that it waits, and the thread that runs loses as much.
func TestLagIsHalfOfTheWait(t *testing.T) {
	s := newSim(&Config{Policy: Free(), Cores: 1, Machine: LinuxVM})
	c := &s.cores[0]
	runs, waits := &vthread{lag: 3 * ms}, &vthread{}
	c.running, c.queue = runs, []*vthread{waits}
	s.now = 2 * ms
	s.settle(c)
	require.Equal(t, 2*ms, runs.lag)
	require.Equal(t, ms, waits.lag)
	s.now = 20 * ms
	s.settle(c)
	require.Zero(t, runs.lag, "what a thread owes is forgiven")
	require.Equal(t, s.machine.Quantum, waits.lag, "no more than a tick")
}
