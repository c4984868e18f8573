package gil

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// handOvers are the times at which the lock comes to another thread, of a program on the Ideal
// machine, until a limit.
func handOvers(p Policy, limit time.Duration, threads ...Step) []time.Duration {
	cfg := Config{Policy: p, Machine: Ideal}
	cfg.setDefaults()
	s := newSim(&cfg)
	for _, step := range threads {
		s.spawn(step, 0, 0)
	}
	var at []time.Duration
	for last := uint64(0); s.now < limit && s.step(); {
		if now := s.locks[0].switches; now != last {
			at, last = append(at, s.now.Round(ms)), now
		}
	}
	return at
}

func forEver(d time.Duration) Step { return Cycle(0, Op{Do: DoCompute, For: d}) }

// A thread that ticks makes the holder yield at each multiple of its interval, however long that
// has held the lock; a waiter's patience begins with its wait.
func TestLocksOfOtherLanguages(t *testing.T) {
	late := func() Step { return Cycle(1, Op{Do: DoSleep, For: 30 * ms}, Op{Do: DoCompute, For: time.Second}) }
	for _, c := range []struct {
		policy Policy
		want   []time.Duration
	}{
		{OCaml4(), []time.Duration{0, 0, 50 * ms, 100 * ms, 150 * ms}},
		{Ruby31(), []time.Duration{0, 0, 130 * ms, 230 * ms}},
		{Ruby33(), []time.Duration{0, 0, 130 * ms, 230 * ms}},
		{CPython38(), []time.Duration{0, 0, 35 * ms, 40 * ms, 45 * ms}},
	} {
		got := handOvers(c.policy, 260*ms, late(), forEver(time.Hour))
		require.Equal(t, c.want, got[:min(len(got), len(c.want))], "%v", c.policy)
	}
}

// A message beside a thread that computes waits for up to an interval: 50 ms in OCaml, 100 ms in
// Ruby, 5 ms in CPython.
func ExampleEvery() {
	for _, language := range []struct {
		name   string
		policy Policy
	}{{"OCaml 4", OCaml4()}, {"Ruby 3.1", Ruby31()}, {"CPython 3.12", CPython312()}} {
		r, _ := Simulate(Config{Policy: language.policy, Machine: Ideal}, 10*time.Second,
			StepThread{Label: "io", Step: Cycle(0, Op{Do: DoSleep, For: 2 * time.Millisecond})},
			StepThread{Label: "cpu", Step: Cycle(0, Op{Do: DoCompute, For: time.Second})})
		fmt.Printf("%-13s %v\n", language.name, r.Threads[0].Waits.Max.Round(time.Millisecond))
	}
	// Output:
	// OCaml 4       48ms
	// Ruby 3.1      100ms
	// CPython 3.12  5ms
}
