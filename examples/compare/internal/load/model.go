// Package load sends the same work to any model and measures the answers. Load is open-loop: a
// request is due at its time, whether or not the one before has been answered, and its latency
// counts from when it was due.
package load

import (
	"context"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// Request is one job. Heavy: a model with a loop and helpers gives it to a helper.
type Request struct {
	Heavy bool
	Job   Job
}

// Server is a model that has been started.
type Server struct {
	// Serve starts a request and calls done once it has ended, with its error; it does not wait for
	// that. done may be called on any goroutine.
	Serve func(ctx context.Context, r Request, done func(error))
	// Shut ends the model. It is called when all requests have been answered, or given up.
	Shut func()
	// Executor is who answers, where it is one; for round trips.
	Executor quartet.Executor
}

// Setup says how a model is started.
type Setup struct {
	Workers  int              // of its pool, where it has one
	Queue    int              // room for requests that wait for a worker; 0: for all that a workload sends
	Observer quartet.Observer // of its executors; nil: nobody looks
	Risky    bool             // jobs may have a Fate that processes are limited against
	Requests int              // how many are to come, as far as that is known: no more are open at once
	Round    int              // from 0; what is left to chance is so by round
	// Spend takes CPU time for what a model does besides the jobs; nil: that costs nothing.
	Spend func(time.Duration)
}

// Costs takes CPU time for what a model does besides the jobs, where that counts.
func (s Setup) Costs(d time.Duration) {
	if s.Spend != nil {
		s.Spend(d)
	}
}

// Model is one row of a table.
type Model struct {
	Name  string // as the palette and the verdicts know it: pool(k)
	Shown string // as a table shows it: pool(32); "": as Name
	Like  string
	Kind  result.Kind
	// Few: it holds so few waits at once that many are not measured but extrapolated.
	Few bool
	// Apart: its requests run in other processes.
	Apart bool
	// Fresh: each request comes over a new connection, which is handed to one of several servers.
	Fresh bool
	// Most is how many requests it has room for at once, so that with more they would wait to be
	// sent; 0: any number.
	Most int
	Open func(s Setup) Server
	// Down reports whether the model has failed, so that it has no figures; nil: none does. It is
	// asked between runs.
	Down func() bool
}

// Failed reports whether the model has failed.
func (m Model) Failed() bool { return m.Down != nil && m.Down() }

// On serves by an executor, and ends it by its Close.
func On(ex quartet.Executor) Server {
	return Server{
		Executor: ex,
		Serve: func(ctx context.Context, r Request, done func(error)) {
			f := Perform.Go(ctx, ex, r.Job)
			f.OnDone(func() {
				_, err := f.Result()
				done(err)
			})
		},
		Shut: func() { _ = ex.Close() },
	}
}
