package gil

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const us = time.Microsecond

// The experiments of the fidelity table, in the step form. Each simulates some seconds.

// lab is where an experiment is made: the one machine of the table, and a seed.
type lab struct {
	testing.TB
	seed    uint64
	machine Machine // default: LinuxVM
}

func (l lab) cfg(p Policy) Config { return Config{Policy: p, Seed: l.seed, Machine: l.machine} }

func simulate(t testing.TB, cfg Config, limit time.Duration, threads ...StepThread) Report {
	t.Helper()
	r, err := Simulate(cfg, limit, threads...)
	require.NoError(t, err)
	return r
}

// countdown is the time of n threads that compute for d each, over the same in sequence.
func countdown(l lab, p Policy, n int, d time.Duration) float64 {
	var threads []StepThread
	for i := range n {
		threads = append(threads, StepThread{Step: Cycle(1, Op{Do: DoCompute, For: d}), Interpreter: i})
	}
	alone := simulate(l, l.cfg(p), 0, threads[0]).Wall
	threads[0].Step = Cycle(1, Op{Do: DoCompute, For: d})
	return float64(simulate(l, l.cfg(p), 0, threads...).Wall) / float64(alone) / float64(n)
}

// farthest is the countdown of 1 to most threads that is farthest from 1.
func farthest(l lab, p Policy, most int) float64 {
	worst := 1.0
	for n := 1; n <= most; n++ {
		if x := countdown(l, p, n, 300*ms); math.Abs(x-1) > math.Abs(worst-1) {
			worst = x
		}
	}
	return worst
}

// switches is how often two threads that compute pass the lock, per second, and the median time that one has it.
func switches(l lab, p Policy, d time.Duration) (perSecond, holdP50 float64) {
	var holds []time.Duration
	cfg := l.cfg(p)
	cfg.fill()
	s := newSim(&cfg)
	for range 2 {
		s.spawn(Cycle(0, Op{Do: DoCompute, For: time.Hour}), 0, 0)
	}
	since, last := time.Duration(0), (*vthread)(nil)
	for s.now < d && s.step() {
		if now := s.locks[0].last; now != last {
			holds = append(holds, s.now-since)
			since, last = s.now, now
		}
	}
	slices.Sort(holds)
	return float64(len(holds)) / s.now.Seconds(), float64(holds[len(holds)/2]) / 1e6
}

// echo is echoAfter half a millisecond.
func echo(l lab, p Policy, beside int, d time.Duration) (perSecond, p50 float64) {
	return echoAfter(l, 500*us, p, beside, d)
}

// echoAfter is a client of another process, who thinks for a while between a reply and its next message, and a server thread
// beside one that computes. Times are of a whole round.
func echoAfter(l lab, think time.Duration, p Policy, beside int, d time.Duration) (perSecond, p50 float64) {
	var rounds []time.Duration
	var began time.Duration
	phase := 0
	client := func(now time.Duration) Op {
		phase++
		switch phase % 3 {
		case 1:
			if phase > 1 {
				rounds = append(rounds, now-began)
			}
			began = now
			if think == 0 {
				phase++
				return Op{Do: DoPut, Queue: 0}
			}
			return Op{Do: DoSleep, For: think}
		case 2:
			return Op{Do: DoPut, Queue: 0}
		}
		return Op{Do: DoGet, Queue: 1}
	}
	threads := []StepThread{
		{Label: "client", Step: client, Interpreter: -1},
		{Label: "server", Step: Cycle(0, Op{Do: DoGet, Queue: 0}, Op{Do: DoPut, Queue: 1})},
	}
	for range beside {
		threads = append(threads, StepThread{Label: "cpu", Step: Cycle(0, Op{Do: DoCompute, For: time.Hour})})
	}
	simulate(l, l.cfg(p), d, threads...)
	slices.Sort(rounds)
	return float64(len(rounds)) / d.Seconds(), float64(rounds[len(rounds)/2]) / 1e6
}

// wakeUps are the times from a message to when the thread that reads it has the lock, beside one that computes. Messages
// come every 1 to 3 ms, whether or not the one before was read.
func wakeUps(l lab, p Policy, d time.Duration) []float64 {
	cfg := l.cfg(p)
	cfg.fill()
	s := newSim(&cfg)
	random := newStream(l.seed, 1<<20, forWork)
	put := false
	s.spawn(Step(func(time.Duration) Op {
		if put = !put; put {
			return Op{Do: DoSleep, For: Uniform(ms, 3*ms).sample(&random)}
		}
		return Op{Do: DoPut}
	}), -1, 0)
	var ms []float64
	var reader *vthread
	first := true
	reader = s.spawn(Step(func(now time.Duration) Op {
		if !first {
			ms = append(ms, float64(now-reader.got)/1e6)
		}
		first = false
		return Op{Do: DoGet}
	}), 0, 0)
	s.spawn(Cycle(0, Op{Do: DoCompute, For: time.Hour}), 0, 0)
	require.NoError(l, s.run(d))
	slices.Sort(ms)
	return ms
}

// rounds is how many rounds per second n threads make that compute and then wait.
func rounds(l lab, p Policy, n int, compute, wait, d time.Duration) float64 {
	count := 0
	var threads []StepThread
	for range n {
		inner := Cycle(0, Op{Do: DoCompute, For: compute}, Op{Do: DoSleep, For: wait})
		calls := 0
		threads = append(threads, StepThread{Step: func(now time.Duration) Op {
			if calls++; calls%2 == 1 && calls > 1 {
				count++
			}
			return inner(now)
		}})
	}
	simulate(l, l.cfg(p), d, threads...)
	return float64(count) / d.Seconds()
}

// share is what n threads reach of min(n/(c+b), 1/c), where c+b is a round of one thread alone.
func share(l lab, n int, compute, wait time.Duration) float64 {
	d := 5 * time.Second
	alone := rounds(l, CPython38(), 1, compute, wait, d)
	return rounds(l, CPython38(), n, compute, wait, d) / min(float64(n)*alone, 1/compute.Seconds())
}

// sleepers is the speed-up of n threads that sleep over one that does it all. A thread starts the others, one after the
// other, and each time waits until the new one runs.
func sleepers(l lab, n int) float64 {
	sleep := Op{Do: DoSleep, For: 2 * ms}
	alone := simulate(l, l.cfg(CPython38()), 0, StepThread{Step: Cycle(15, sleep)}).Wall
	cfg := l.cfg(CPython38())
	cfg.fill()
	s := newSim(&cfg)
	started := 0
	s.spawn(Step(func(time.Duration) Op {
		if started == n {
			return Op{}
		}
		started++
		said, inner := false, Cycle(15, sleep)
		s.spawn(Step(func(now time.Duration) Op {
			if !said {
				said = true
				return Op{Do: DoPut}
			}
			return inner(now)
		}), 0, s.machine.Spawn)
		return Op{Do: DoGet}
	}), 0, 0)
	require.NoError(l, s.run(0))
	return float64(alone) * float64(n) / float64(s.now)
}

// stall is the worst lateness of a thread that wakes every millisecond, beside one whose calls of 80 ms do something to
// the lock, as a share of the call.
func stall(l lab, do Do) float64 {
	const call = 80 * ms
	worst, began := time.Duration(0), time.Duration(-1)
	probe := func(now time.Duration) Op {
		if began >= 0 {
			worst = max(worst, now-began-ms)
		}
		began = now
		return Op{Do: DoSleep, For: ms}
	}
	simulate(l, l.cfg(CPython38()), 2*time.Second,
		StepThread{Label: "probe", Step: probe},
		StepThread{Label: "native", Step: Cycle(0, Op{Do: do, For: call}, Op{Do: DoCompute, For: 100 * us})})
	return float64(worst) / float64(call)
}
