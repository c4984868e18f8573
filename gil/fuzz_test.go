package gil

import (
	"errors"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
)

var long = flag.Bool("long", false, "run 100,000 random programs")

// polite drops the lock at every checkpoint at which somebody waits: a policy of a user's own.
type polite struct{ Policy }

func (polite) Checkpoint(l LockState) bool { return l.Waiters > 0 }

func fuzzedPolicies() []Policy {
	return []Policy{
		CPython38(), Interval(100 * us), Interval313(ms), Ticks(100), Ticks(7), FIFO(ms), Free(), Free(1.4),
		PerInterpreter(2, Interval(ms)), PerInterpreter(3, FIFO(300*us)), PerInterpreter(2, Ticks(50)),
		polite{Interval(ms)},
		sleepy{Interval(300 * us)},
		polite{FIFO(ms)},
		Every(ms),
	}
}

// random makes choices from a seed.
type random struct{ stream }

func (r *random) n(n int) int { return int(r.below(uint64(n))) }

func (r *random) duration() time.Duration {
	return time.Duration(r.n(1000)) * []time.Duration{1, 100, us, 10 * us}[r.n(4)]
}

// program makes a random one: and what each thread computes under a policy of these traits.
func (r *random) program(traits Traits) (threads []StepThread, asked []time.Duration) {
	for i := range 1 + r.n(8) {
		var code []Op
		var computes time.Duration
		for range r.n(20) {
			op := Op{Do: Do(1 + r.n(int(DoYield))), For: r.duration()}
			switch op.Do {
			case DoCompute, DoHold, DoRelease:
				computes += traits.slowed(op.Do, op.For)
			}
			code = append(code, op)
		}
		asked = append(asked, computes)
		threads = append(threads, StepThread{
			Label: fmt.Sprint("t", i), Step: Cycle(1, append(code, Op{})...), Interpreter: r.n(4) - 1,
			Start: r.duration(),
		})
	}
	return threads, asked
}

// runRandom runs a random program on a random machine; the machine's own checks panic.
func runRandom(t *testing.T, seed uint64) Report {
	r := &random{stream(seed)}
	policies := fuzzedPolicies()
	cfg := Config{Policy: policies[r.n(len(policies))], Cores: 1 + r.n(4), Seed: r.next()}
	switch r.n(3) {
	case 0:
		cfg.Machine = Ideal
		cfg.Machine.Check = us // a policy that switches every nanosecond takes its time
	case 1:
		cfg.Machine = LinuxVM.Scaled(r.n(300))
		cfg.Machine.Check = us
	}
	threads, asked := r.program(cfg.Policy.Traits())
	report, err := Simulate(cfg, 0, threads...)
	if err != nil {
		var stuck *DeadlockError
		require.ErrorAs(t, err, &stuck)
		for _, w := range stuck.Waits { // each may wait for what another would put after it has got something itself
			require.Contains(t, w, "to get from queue 0", "seed %d: the machine lost a thread", seed)
		}
		return report
	}
	for _, th := range report.Threads {
		var i int
		_, _ = fmt.Sscanf(th.Label, "t%d", &i)
		require.GreaterOrEqual(t, th.Computed, asked[i]/101*100, "seed %d: %s computed less than it was to", seed,
			th.Label)
		require.GreaterOrEqual(t, th.Run+th.Native, th.Computed-th.Native, "seed %d", seed)
	}
	if cfg.Policy.Traits().Locks == 0 && !cfg.Policy.Traits().Unlocked && cfg.Policy.Traits().Ticks == 0 {
		require.LessOrEqual(t, report.Total.Run, report.Wall, "seed %d: one lock, had for longer than there was time",
			seed)
	}
	require.LessOrEqual(t, report.Bound, report.Wall, "seed %d: faster than the bound", seed)
	require.LessOrEqual(t, report.Parallelism, float64(cfg.Cores)+1e-9, "seed %d", seed)
	return report
}

// TestRandomPrograms runs random programs under all policies; with -long 100,000 of them.
func TestRandomPrograms(t *testing.T) {
	n := uint64(3000)
	if *long {
		n = 100_000
	}
	for seed := range n {
		if r := runRandom(t, seed); seed%100 == 0 {
			require.Equal(t, r, runRandom(t, seed), "seed %d gives two runs", seed)
		}
	}
}

// FuzzProgram looks for a program that breaks what the machine checks. A failing seed replays.
func FuzzProgram(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { runRandom(t, seed) })
}

// FuzzPolicy checks what every policy promises of a lock in any state.
func FuzzPolicy(f *testing.F) {
	f.Add(true, false, 1, uint64(3), uint64(3))
	f.Fuzz(func(t *testing.T, held, requested bool, waiters int, switches, before uint64) {
		l := LockState{Held: held, Requested: requested, Waiters: max(waiters, 0), Switches: switches}
		for _, p := range fuzzedPolicies() {
			require.Equal(t, p.Release(l, true), p.Release(l, true), "%v is no function of the lock's state", p)
			require.GreaterOrEqual(t, p.Patience(l), time.Duration(0))
			if _, ticks := p.(every); p.TimedOut(l, before) && !ticks {
				require.True(t, held && switches == before, "%v asks for a lock that has changed hands", p)
			}
			how := p.Release(l, false)
			require.False(t, how.HandOff && how.Stay, "%v waits for a switch that it has made", p)
		}
	})
}

func TestDeadlockOfQueuesIsNamed(t *testing.T) {
	_, err := Simulate(Config{}, 0, StepThread{Label: "reader", Step: Cycle(1, Op{Do: DoGet, Queue: 3})})
	require.ErrorIs(t, err, quartet.ErrDeadlock)
	var d *DeadlockError
	require.True(t, errors.As(err, &d))
	require.Equal(t, []string{"reader waits to get from queue 3, which nobody will put into"}, d.Waits)
}
