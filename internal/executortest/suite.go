// Package executortest is the conformance suite: a test for each sentence of the contract that
// every executor keeps, written from the outside against the public API alone.
//
// Every test runs in a testing/synctest bubble, so that hours of waiting cost nothing, a task that
// waits for ever is reported as a deadlock, and a goroutine that an executor leaves behind fails
// the test that made it.
//
//	func TestContract(t *testing.T) {
//		executortest.Run(t, executortest.Subject{
//			Name: "pool",
//			New:  func(t testing.TB, o executortest.Options) quartet.Executor { return workerpool.New(…) },
//		})
//	}
package executortest

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quartet-go/quartet"
)

var long = flag.Bool("long", false, "executortest: run the storms with all their rounds")

// Long reports whether -long was given.
func Long() bool { return *long }

// Options says what a test needs of the executor that it tests. A zero field asks for the
// executor's default.
type Options struct {
	Name     string          // what it is called
	Size     int             // tasks that run at once
	Queue    int             // room for tasks that wait for their start
	InFlight int             // accepted and not ended
	Full     Full            // what a submit without room does, where the executor has a choice
	OnPanic  func(err error) // gets a *quartet.PanicError or quartet.ErrGoexit

	ExactTimes bool   // every task is measured
	Around     Around // is called around each task
}

// Full says what a submit without room does.
type Full uint8

const (
	Wait Full = iota
	Reject
	DropOldest
)

// Subject is an executor under test.
type Subject struct {
	Name string
	// New makes an executor, started. The suite closes it.
	New func(t testing.TB, o Options) quartet.Executor
	// Sizes to run every test with; nil is 1, 2 and 8. A loop and a global lock have only 1.
	Sizes []int
	// Views returns what chooses a way into r for a submit: a view of it, by chance. nil: there are
	// none.
	Views func(r quartet.Runner) func(rng *rand.Rand) quartet.Runner
	// Resize changes how many tasks run at once. nil: that is fixed.
	Resize func(r quartet.Runner, size int)
	// Inline executors run the task inside the submit: nothing is ever queued, and a submit waits
	// for the task.
	Inline bool
	// Calls says which calls run on the caller's goroutine.
	Calls Calls
	// Skips names what does not apply, with the reason. The key is a test's name, or the beginning
	// of it.
	Skips map[string]string
}

type needs uint

const (
	queues needs = 1 << iota // the test needs an executor that is not inline
	calls                    // the test submits named functions only: it needs no Runner
)

type test struct {
	name  string
	needs needs
	run   func(e *env)
}

func all() []test {
	var ts []test
	for _, clause := range [][]test{
		clause1, clause1Drain, clause2, clause3, clause3Cancel, clause3a, clause4, clause5,
		clause6Nesting, clause6Limits, clause6Words, clause6Detach,
		clause7Shutdown, clause7Close, clause7Orders, clause8, clause10, clause11, clause13, clause14, clause15,
		around, labels, collecting, functions,
	} {
		ts = append(ts, clause...)
	}
	return ts
}

// Run runs every test of the suite, for every size of s.
func Run(t *testing.T, s Subject) {
	each(t, s, all(), func(t *testing.T, run func(*testing.T)) { synctest.Test(t, run) })
}

// RunStorms runs the storms outside of bubbles, where goroutines truly race. Without -long it runs
// a few rounds of each.
func RunStorms(t *testing.T, s Subject) {
	each(t, s, storms, func(t *testing.T, run func(*testing.T)) { run(t) })
}

// RunOutside runs, outside of bubbles, the tests that submit named functions only: those that apply
// to an executor whose work goes on in other processes. A closure does not compile there, and no
// bubble can hold a process.
func RunOutside(t *testing.T, s Subject) {
	named := slices.DeleteFunc(all(), func(tt test) bool { return tt.needs&calls == 0 })
	each(t, s, named, func(t *testing.T, run func(*testing.T)) { run(t) })
}

func each(t *testing.T, s Subject, tests []test, in func(*testing.T, func(*testing.T))) {
	sizes := s.Sizes
	if len(sizes) == 0 {
		sizes = []int{1, 2, 8}
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if reason, ok := s.skip(tt); ok {
				t.Skip(reason)
			}
			for _, size := range sizes {
				t.Run(fmt.Sprintf("size=%d", size), func(t *testing.T) {
					in(t, func(t *testing.T) { tt.run(&env{T: t, subject: s, size: size}) })
				})
			}
		})
	}
}

func (s *Subject) skip(tt test) (reason string, ok bool) {
	for name, reason := range s.Skips {
		if strings.HasPrefix(tt.name, name) {
			return reason, true
		}
	}
	if s.Inline && tt.needs&queues != 0 {
		return "an inline executor runs the task inside the submit: nothing is ever queued", true
	}
	return "", false
}

// env is one test with one size.
type env struct {
	*testing.T
	subject Subject
	size    int
}

// executor makes the subject and sees to its end.
func (e *env) executor(o Options) quartet.Executor {
	e.Helper()
	o.Size = e.size
	ex := e.subject.New(e.T, o)
	e.Cleanup(func() {
		if err := ex.Close(); err != nil {
			e.Errorf("Close: %v", err)
		}
	})
	return ex
}

// runner is executor for tests that submit closures.
func (e *env) runner(o Options) quartet.Runner {
	e.Helper()
	r, ok := e.executor(o).(quartet.Runner)
	if !ok {
		e.Skip("not a Runner: closures do not compile")
	}
	return r
}

// ctx bounds a wait by an hour of virtual time.
func (e *env) ctx() context.Context {
	ctx, cancel := context.WithTimeoutCause(context.Background(), time.Hour, errHung)
	e.Cleanup(cancel)
	return ctx
}
