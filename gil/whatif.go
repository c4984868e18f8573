package gil

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/quartet-go/quartet"
)

// Program runs on a simulated machine, any number of times, each time from the beginning:
// [Main], [StepProgram] or [Workload].
//
// Each Simulate begins anew, so one Program may be simulated by many goroutines at once if its own
// code bears that.
type Program interface {
	// Simulate runs it to its end under cfg, whatever Clock that has, and returns what it did. The
	// error is the program's own, or a [*DeadlockError].
	Simulate(cfg Config) (Report, error)
}

// Main is a program in straight-line code: the first thread, which may submit others to the
// scheduler that it gets. It ends when all have, and has to wait for them itself (with a
// quartet.Group, say): at its return its ctx ends, and so do those of the threads that were
// submitted with it.
type Main func(ctx context.Context, s *Scheduler) error

// Simulate runs the program in virtual time. Where the program fails, Close takes down the threads
// that it has left; else Shutdown waits for them. The report is complete in both cases, as both
// wait for all threads.
func (m Main) Simulate(cfg Config) (Report, error) {
	cfg.Clock = Virtual
	s := New(cfg)
	ctx := context.Background()
	_, err := quartet.Do(ctx, s, func(ctx context.Context) (struct{}, error) { return struct{}{}, m(ctx, s) })
	if err != nil {
		_ = s.Close()
	} else {
		err = s.Shutdown(ctx)
	}
	return s.Report(), err
}

// StepProgram is a program in the step form: a function that makes its threads anew, since steps
// have a state.
type StepProgram func() []StepThread

// Simulate runs the threads until all have ended.
func (p StepProgram) Simulate(cfg Config) (Report, error) { return Simulate(cfg, 0, p()...) }

// Comparison is what became of one program on several machines, in the order of their trial. The
// first Report is the one that the others are compared with.
type Comparison []Report

// WhatIf runs a program under each policy, and there on each number of cores, in turn; the rest of
// the machine is cfg's. No policies: cfg's alone; no cores: cfg's. It ends with the first error,
// which names the machine. It takes the time of the simulations, on the calling goroutine, and
// gives the same table each time.
//
// Switch intervals are policies:
//
//	gil.WhatIf(program, gil.Config{}, []gil.Policy{gil.CPython27(), gil.Interval(5 * time.Millisecond), gil.Interval(time.Millisecond), gil.Free()}, 1, 2, 4)
func WhatIf(program Program, cfg Config, policies []Policy, cores ...int) (Comparison, error) {
	if len(policies) == 0 {
		policies = []Policy{cfg.Policy}
	}
	if len(cores) == 0 {
		cores = []int{cfg.Cores}
	}
	var all Comparison
	for _, policy := range policies {
		for _, n := range cores {
			cfg.Policy, cfg.Cores = policy, n
			r, err := program.Simulate(cfg)
			if err != nil {
				return all, fmt.Errorf("gil: what if %v, %s: %w", policy, plural(n, "core"), err)
			}
			all = append(all, r)
		}
	}
	return all, nil
}

// WriteText writes a table with a line for each machine. × is how many times as fast the program is
// there as on the first; of a Workload, whose time is fixed, that is in rounds per second.
func (c Comparison) WriteText(w io.Writer) error {
	var b strings.Builder
	takes, workload := "takes", false
	for _, r := range c {
		workload = workload || len(r.Loads) > 0
	}
	if workload {
		takes = "rounds/s"
	}
	t := newTable(&b, "policy", "cores", takes, "×", "of the best", "lock held", "at a time", "fairness", "switches",
		"lost", "waits for it", "longest", "convoys")
	for _, r := range c {
		var longest time.Duration
		for i := range r.Threads {
			longest = max(longest, r.Threads[i].Waits.Max)
		}
		took, faster := brief(r.Wall), float64(c[0].Wall)/max(1, float64(r.Wall))
		if workload {
			took, faster = fmt.Sprintf("%.0f", r.PerSecond()), r.PerSecond()/max(1e-9, c[0].PerSecond())
		}
		t.line(r.Policy, fmt.Sprint(r.Cores), took, fmt.Sprintf("%.2f", faster), fmt.Sprintf("%.0f%%", 100*r.Share),
			held(r.Utilization), fmt.Sprintf("%.2f", r.Parallelism), fmt.Sprintf("%.2f", r.Fairness),
			fmt.Sprint(r.Switches), fmt.Sprint(r.Total.Lost), brief(r.Total.Wait), brief(longest),
			fmt.Sprint(len(r.Convoys)))
	}
	t.flush()
	_, err := io.WriteString(w, b.String())
	return err
}

// held is how much of the time a lock was; without one it was never.
func held(utilization float64) string {
	if utilization == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f%%", 100*utilization)
}
