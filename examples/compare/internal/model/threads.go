package model

import (
	"context"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/gil"
)

// A Python thread gives the lock up for each call of the kernel, and may come back too late to have
// it again at once: beside a thread that computes, two of five calls of send do, and one of five of
// recv (measured on CPython 3.11).
const (
	// SocketCall is how long a call of the kernel takes there.
	SocketCall = 10 * time.Microsecond
	// Interpreting is the CPU time that a server in Python takes for a request's line and its
	// answer, with the lock.
	Interpreting = 20 * time.Microsecond
)

func openThreads(s load.Setup) load.Server {
	return threads(s, gil.New(gil.Config{Observer: s.Observer}))
}

func openInterpreters(s load.Setup) load.Server {
	each := gil.Interval(5 * time.Millisecond)
	return threads(s,
		gil.New(gil.Config{Policy: gil.PerInterpreter(min(s.Workers, Cores()), each), Observer: s.Observer}))
}

// threads serves each request in a thread of its own, which has waited for it in recv. It computes
// with the lock, and sends the answer without.
func threads(s load.Setup, interpreter *gil.Scheduler) load.Server {
	server := load.On(interpreter)
	server.Serve = func(ctx context.Context, r load.Request, done func(error)) {
		replied := false
		f := quartet.Go(ctx, interpreter, func(ctx context.Context) (struct{}, error) {
			s.Costs(Interpreting)
			err := task(ctx, r.Job)
			replied = true
			reply(ctx, s, done, err)
			return struct{}{}, nil
		})
		f.OnDone(func() {
			if _, err := f.Result(); !replied { // it has not started
				done(err)
			}
		})
	}
	return server
}

// reply sends an answer. It has gone before the thread wants the lock again.
func reply(thread context.Context, s load.Setup, done func(error), err error) {
	done(err)
	socketCall(thread, s)
}

// socketCall is a call of the kernel, without the lock.
func socketCall(thread context.Context, s load.Setup) {
	_ = quartet.Block(thread, func() { s.Costs(SocketCall) })
}

// task is a job whose panic ends it alone, as an exception does that nobody catches.
func task(ctx context.Context, j load.Job) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = quartet.NewPanicError(v)
		}
	}()
	_, err = load.Perform.Local(ctx, j)
	return err
}
