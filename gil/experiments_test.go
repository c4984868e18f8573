package gil

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	us = time.Microsecond
	ms = time.Millisecond
)

// The experiments of testdata/measure/probe.py, in the step form.

// lab is where an experiment is made. Of the version only its lock may matter: see trial.
type lab struct {
	testing.TB
	version    string
	args       map[string]float64
	seed       uint64
	machine    Machine
	piece      time.Duration // threads that compute do so in pieces of this length
	beside     int           // foreign threads that compute for a third of the time: the load of a busy machine
	asMeasured parts
}

// parts are the seconds that the parts of a round took when the same experiment was measured; zero
// where it has no such parts.
type parts struct{ compute, wait float64 }

// figures are the results of an experiment, by the names that probe.py gives them. Times are in
// seconds.
type figures map[string]float64

// experiments has the simulation of each experiment of probe.py.
var experiments = map[string]func(l lab) figures{
	"switch": simSwitch, "echo": simEcho, "wake": simWake, "crunch": simCrunch, "rounds": simRounds,
	"sleepers": simSleepers, "native": simNative, "calls": simCalls, "writes": simWrites,
	"sleeper": simSleeper, "queued": simQueued,
	"requests": simRequests, "logs": simLogs, "interpreters": simInterpreters,
}

// parseExperiment splits a line like "echo beside=1 dur=.8 interval=5".
func parseExperiment(line string) (name string, args map[string]float64, err error) {
	words := strings.Fields(line)
	args = make(map[string]float64)
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		if args[key], err = strconv.ParseFloat(value, 64); err != nil {
			return "", nil, fmt.Errorf("%s: %w", line, err)
		}
	}
	return words[0], args, nil
}

func (l lab) arg(name string, otherwise float64) float64 {
	if x, ok := l.args[name]; ok {
		return x
	}
	return otherwise
}

func (l lab) dur() time.Duration { return time.Duration(l.arg("dur", 1) * float64(time.Second)) }

func (l lab) millis(name string, otherwise float64) time.Duration {
	return time.Duration(l.arg(name, otherwise) * float64(ms))
}

func (l lab) micros(name string, otherwise float64) time.Duration {
	return time.Duration(l.arg(name, otherwise) * float64(us))
}

// policy is the lock of the Python that was measured, with the interval that the experiment sets.
func (l lab) policy() Policy {
	interval := l.millis("interval", 5)
	switch {
	case strings.HasPrefix(l.version, "2."):
		return Ticks(int(l.arg("interval", 100)))
	case l.version == "3.13":
		return Interval313(interval)
	case strings.HasPrefix(l.version, "ruby"):
		return Ruby31()
	case strings.HasPrefix(l.version, "ocaml"):
		return OCaml4()
	}
	return Interval(interval)
}

func (l lab) cfg(p Policy) Config {
	cfg := Config{Policy: p, Seed: l.seed, Machine: l.machine}
	cfg.setDefaults()
	return cfg
}

func (l lab) sim(p Policy) *sim {
	cfg := l.cfg(p)
	s := newSim(&cfg)
	for range l.beside {
		s.spawn(Cycle(0, Op{Do: DoCompute, For: ms}, Op{Do: DoSleep, For: 2 * ms}), -1, 0)
	}
	return s
}

// computes is a thread that computes for ever.
func (l lab) computes() Step { return Cycle(0, Op{Do: DoCompute, For: l.piece}) }

func simulate(t testing.TB, cfg Config, limit time.Duration, threads ...StepThread) Report {
	t.Helper()
	r, err := Simulate(cfg, limit, threads...)
	require.NoError(t, err)
	return r
}

// runUntil steps s until a time.
func runUntil(s *sim, limit time.Duration) error {
	return (&Simulation{s: s}).Advance(context.Background(), limit)
}

func quantile(xs []time.Duration, q float64) float64 {
	if len(xs) == 0 {
		return 0
	}
	xs = slices.Clone(xs)
	slices.Sort(xs)
	return xs[min(len(xs)-1, int(q*float64(len(xs))))].Seconds()
}

func mean(xs []time.Duration) float64 {
	var sum time.Duration
	for _, x := range xs {
		sum += x
	}
	return sum.Seconds() / float64(max(1, len(xs)))
}

// simSwitch is n threads that compute: how often they pass the lock, and how long each has it.
func simSwitch(l lab) figures {
	n := int(l.arg("n", 2))
	s := l.sim(l.policy())
	// The threads wait for an event of the thread that starts them, so they begin on one core.
	main := []Op{{Do: DoSleep, For: time.Duration(n) * 100 * us}}
	for i := range n {
		main = append(main, Op{Do: DoPut, Queue: i})
	}
	s.spawn(Cycle(1, main...), 0, 0)
	for i := range n {
		begun, inner := false, l.computes()
		s.spawn(Step(func(now time.Duration) Op {
			if !begun {
				begun = true
				return Op{Do: DoGet, Queue: i}
			}
			return inner(now)
		}), 0, time.Duration(i)*100*us)
	}
	var holds []time.Duration
	var order []int
	since, last := time.Duration(0), (*vthread)(nil)
	for end := l.dur(); s.now < end && s.step(); {
		if now := s.locks[0].last; now != last && now.number > l.beside && s.now > time.Duration(n)*100*us {
			if last != nil {
				holds = append(holds, s.now-since)
			}
			order = append(order, now.number)
			since, last = s.now, now
		}
	}
	out := figures{
		"per_s": float64(len(order)) / s.now.Seconds(), "hold_p50": quantile(holds, .5),
		"hold_p99": quantile(holds, .99),
	}
	if n > 2 {
		out["oldest_next"] = oldestNext(order, l.beside+1, n)
	}
	return out
}

// oldestNext is how often the lock went to the thread that had not had it for longest. Threads are
// numbered from first.
func oldestNext(order []int, first, n int) float64 {
	had := make([]int, n)
	right, of := 0, 0
	for k, who := range order {
		i := who - first
		if k >= n {
			of++
			oldest := -1
			for x := range n {
				if x != order[k-1]-first && (oldest < 0 || had[x] < had[oldest]) {
					oldest = x
				}
			}
			if oldest == i {
				right++
			}
		}
		had[i] = k + 1
	}
	return float64(right) / float64(max(of, 1))
}

// What a Python program does between two waits, which is a few lines of bytecode.
const (
	fewLines = 4 * us
	oneLine  = 2 * us
)

// simEcho is one message at a time to another process, which thinks before it answers.
func simEcho(l lab) figures {
	think := time.Duration(l.arg("think", .5) * float64(ms))
	s := l.sim(l.policy())
	var rounds, writes []time.Duration
	var began, wrote time.Duration
	phase := 0
	s.spawn(Step(func(now time.Duration) Op {
		phase++
		switch phase % 4 {
		case 1:
			if phase > 1 {
				rounds = append(rounds, now-began)
			}
			began = now
			return Op{Do: DoCompute, For: fewLines}
		case 2:
			wrote = now
			return Op{Do: DoPut, Queue: 0}
		case 3:
			writes = append(writes, now-wrote)
			return Op{Do: DoCompute, For: oneLine}
		}
		return Op{Do: DoGet, Queue: 1}
	}), 0, 0)
	other := []Op{
		{Do: DoGet, Queue: 0},
		{Do: DoCompute, For: oneLine},
		{Do: DoSleep, For: think},
		{Do: DoCompute, For: oneLine},
		{Do: DoPut, Queue: 1},
	}
	if think == 0 {
		other = slices.Delete(other, 2, 4)
	}
	s.spawn(Cycle(0, other...), -1, 0)
	for range int(l.arg("beside", 0)) {
		s.spawn(l.computes(), 0, 0)
	}
	require.NoError(l, runUntil(s, l.dur()))
	stuck := 0
	for _, w := range writes {
		if w > 100*us {
			stuck++
		}
	}
	return figures{
		"per_s": float64(len(rounds)) / l.dur().Seconds(), "p50": quantile(rounds, .5), "p99": quantile(rounds, .99),
		"mean": mean(rounds), "write_lost": float64(stuck) / float64(max(1, len(writes))),
	}
}

// simWake is a thread that gets a message every 1 to 3 ms from another process: how late it has it.
func simWake(l lab) figures {
	gap := time.Duration(l.arg("gap", 2) * float64(ms))
	s := l.sim(l.policy())
	random := newStream(l.seed, 1<<20, forWork)
	var sent []time.Duration
	var late []time.Duration
	phase := 0
	s.spawn(Step(func(now time.Duration) Op {
		switch phase++; phase % 3 {
		case 1:
			return Op{Do: DoGet}
		case 2:
			return Op{Do: DoCompute, For: fewLines}
		}
		late = append(late, now-sent[len(late)])
		return Op{Do: DoCompute, For: oneLine}
	}), 0, 0)
	sends := 0
	s.spawn(Step(func(now time.Duration) Op {
		switch sends++; sends % 3 {
		case 1:
			return Op{Do: DoSleep, For: Uniform(gap/2, 3*gap/2).sample(&random)}
		case 2:
			sent = append(sent, now)
			return Op{Do: DoCompute, For: fewLines}
		}
		return Op{Do: DoPut}
	}), -1, 0)
	for range int(l.arg("beside", 0)) {
		s.spawn(l.computes(), 0, 0)
	}
	require.NoError(l, runUntil(s, l.dur()))
	return figures{"p50": quantile(late, .5), "p90": quantile(late, .9), "p99": quantile(late, .99), "mean": mean(late)}
}

// finite computes for d, in pieces.
func (l lab) finite(d time.Duration) Step {
	return func(time.Duration) Op {
		piece := min(d, l.piece)
		d -= piece
		if piece == 0 {
			return Op{}
		}
		return Op{Do: DoCompute, For: piece}
	}
}

// simCrunch is n threads that compute, against the same in sequence.
func simCrunch(l lab) figures {
	n, each := int(l.arg("n", 2)), 40*ms
	s := l.sim(l.policy())
	for range n {
		s.spawn(l.finite(each), 0, 0)
	}
	for s.threads > l.beside {
		s.step()
	}
	var cpu time.Duration
	for _, t := range s.done {
		cpu += t.Computed + time.Duration(t.Lost+t.Forced)*s.switching
	}
	alone := float64(time.Duration(n) * each)
	return figures{"ratio": float64(s.now) / alone, "cpu_ratio": float64(cpu) / alone}
}

// simRounds is n threads that compute and sleep in turn.
func simRounds(l lab) figures {
	compute := time.Duration(l.asMeasured.compute * float64(time.Second))
	if compute == 0 {
		compute = time.Duration(l.arg("compute", 50)) * us
	}
	wait := time.Duration(l.arg("wait", 0)) * us
	rounds := func(n int) float64 {
		s := l.sim(l.policy())
		done := 0
		for range n {
			ops := []Op{{Do: DoCompute, For: compute}}
			if wait > 0 {
				ops = append(ops, Op{Do: DoSleep, For: wait})
			}
			inner, calls := Cycle(0, ops...), 0
			s.spawn(Step(func(now time.Duration) Op {
				if calls++; calls > 1 && calls%len(ops) == 1%len(ops) {
					done++
				}
				return inner(now)
			}), 0, 0)
		}
		require.NoError(l, runUntil(s, l.dur()))
		return float64(done) / l.dur().Seconds()
	}
	n := int(l.arg("n", 2))
	perSecond := rounds(n)
	b := l.asMeasured.wait
	bound := min(float64(n)/(compute.Seconds()+b), 1/compute.Seconds())
	return figures{"per_s": perSecond, "of_bound": perSecond / bound}
}

// simSleepers is the speed-up of n threads that sleep over one. A thread starts the others, one
// after the other, and each time waits until the new one runs, as threading.Thread.start does.
func simSleepers(l lab) figures {
	n := int(l.arg("n", 2))
	sleep := Op{Do: DoSleep, For: 2 * ms}
	alone := simulate(l, l.cfg(l.policy()), 0, StepThread{Step: Cycle(15, sleep)}).Wall
	s := l.sim(l.policy())
	started, waits := 0, false
	s.spawn(Step(func(time.Duration) Op {
		if waits = !waits; !waits {
			return Op{Do: DoGet}
		}
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
		return Op{Do: DoCompute, For: s.machine.Spawn}
	}), 0, 0)
	for s.threads > l.beside {
		s.step()
	}
	return figures{"speedup": float64(alone) * float64(n) / float64(s.now)}
}

// simNative is a thread that wakes every millisecond, beside one whose calls of 80 ms keep the
// lock, or release it.
func simNative(l lab) figures {
	const call = 80 * ms
	do := DoRelease
	if l.arg("keeps", 0) > 0 {
		do = DoHold
	}
	s := l.sim(l.policy())
	var late []time.Duration
	began := time.Duration(-1)
	s.spawn(Step(func(now time.Duration) Op {
		if began >= 0 {
			late = append(late, now-began-ms)
		}
		began = now
		return Op{Do: DoSleep, For: ms}
	}), 0, 0)
	s.spawn(Cycle(0, Op{Do: do, For: call}, Op{Do: DoCompute, For: oneLine}), 0, 0)
	require.NoError(l, runUntil(s, l.dur()))
	return figures{"late_mean": mean(late) / call.Seconds(), "late_max": quantile(late, 1) / call.Seconds()}
}

// simCalls is a thread that computes and makes a call that never waits, beside one that computes.
func simCalls(l lab) figures {
	s := l.sim(l.policy())
	var took []time.Duration
	var began time.Duration
	calls := false
	s.spawn(Step(func(now time.Duration) Op {
		if calls = !calls; calls {
			if began > 0 {
				took = append(took, now-began)
			}
			return Op{Do: DoCompute, For: time.Duration(l.arg("compute", 50)) * us}
		}
		began = now
		return Op{Do: DoRelease, For: s.machine.pipe()}
	}), 0, 0)
	s.spawn(l.computes(), 0, 0)
	require.NoError(l, runUntil(s, l.dur()))
	lost := 0
	for _, d := range took {
		if d > 500*us {
			lost++
		}
	}
	return figures{"per_s": float64(len(took)) / l.dur().Seconds(), "lost": float64(lost) / float64(max(1, len(took)))}
}

// simWrites is n threads that compute, make a call that never waits and sleep, beside threads that
// compute.
func simWrites(l lab) figures {
	s := l.sim(l.policy())
	rounds, lost := 0, 0
	for range int(l.arg("n", 1)) {
		var called time.Duration
		stage := 0
		s.spawn(Step(func(now time.Duration) Op {
			stage++
			switch stage % 3 {
			case 1:
				return Op{Do: DoCompute, For: l.micros("cpu", 250)}
			case 2:
				called = now
				return Op{Do: DoRelease, For: s.machine.pipe()}
			}
			if rounds++; now-called > 100*us {
				lost++
			}
			return Op{Do: DoSleep, For: l.millis("wait", 1)}
		}), 0, 0)
	}
	for range int(l.arg("beside", 0)) {
		s.spawn(l.computes(), 0, 0)
	}
	require.NoError(l, runUntil(s, l.dur()))
	return figures{"per_s": float64(rounds) / l.dur().Seconds(), "lost": float64(lost) / float64(max(1, rounds))}
}

// simInterpreters is n interpreters that compute, against the same in sequence.
func simInterpreters(l lab) figures {
	n, each := int(l.arg("n", 2)), 60*ms
	s := l.sim(PerInterpreter(n, l.policy()))
	for i := range n {
		s.spawn(l.finite(each), i, 0)
	}
	for s.threads > l.beside {
		s.step()
	}
	return figures{"ratio": float64(s.now) / float64(time.Duration(n)*each)}
}

// simSleeper is a thread that sleeps for 2 ms, again and again, beside threads that compute: how
// late it is.
func simSleeper(l lab) figures {
	const each = 2 * ms
	s := l.sim(l.policy())
	var late []time.Duration
	began := time.Duration(-1)
	s.spawn(Step(func(now time.Duration) Op {
		if began >= 0 {
			late = append(late, now-began-each)
		}
		began = now
		return Op{Do: DoSleep, For: each}
	}), 0, 0)
	for range int(l.arg("beside", 0)) {
		s.spawn(l.computes(), 0, 0)
	}
	require.NoError(l, runUntil(s, l.dur()))
	return figures{"p50": quantile(late, .5), "mean": mean(late)}
}
