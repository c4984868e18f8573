package model

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/gil"
)

// CallsToRead are the calls of the kernel between a wake-up of asyncio's loop and the task that
// answers: recv, and a select before each of the two turns in which a StreamReader's line comes to
// the task. The answer is one more.
const CallsToRead = 3

// threadLoop is asyncio's loop: one thread of an interpreter that answers requests one after the
// other, but for their waits. It shares the lock with all other threads.
type threadLoop struct {
	mu   sync.Mutex
	todo []func(ctx context.Context)
	wake func()

	setup    load.Setup
	answered atomic.Uint64 // requests that were observed
}

// openLoopAndThread gives each heavy request a thread of its own.
func openLoopAndThread(s load.Setup) load.Server {
	interpreter, l := gil.New(gil.Config{Observer: s.Observer}), &threadLoop{setup: s}
	thread := quartet.Go(quartet.Label(context.Background(), "the loop's thread"), interpreter, l.run)
	own := load.On(interpreter)
	return load.Server{
		Executor: interpreter,
		Serve: func(ctx context.Context, r load.Request, done func(error)) {
			if r.Heavy {
				own.Serve(ctx, r, func(err error) {
					l.push(func(thread context.Context) { reply(thread, l.setup, done, err) })
				})
				return
			}
			done = l.observe(ctx, done)
			request := ctx // counts what runs; the thread's own context, which comes with the push, knows the lock
			l.push(func(ctx context.Context) { l.answer(ctx, request, r.Job, done) })
		},
		Shut: func() {
			thread.Cancel(nil)
			_ = interpreter.Close()
		},
	}
}

// observe tells the observer of a request, which is no task of the interpreter's: its thread is.
func (l *threadLoop) observe(ctx context.Context, done func(error)) func(error) {
	if l.setup.Observer == nil {
		return done
	}
	e := quartet.Event{
		Kind: quartet.EventQueued, Executor: "loop", Task: l.answered.Add(1), Label: load.LabelOf(ctx),
		At: time.Now(),
	}
	l.setup.Observer.Observe(e)
	return func(err error) {
		e.Kind, e.At, e.Failed = quartet.EventEnded, time.Now(), err != nil
		l.setup.Observer.Observe(e)
		done(err)
	}
}

// answer runs on the loop's thread, which a wait does not keep.
func (l *threadLoop) answer(thread, request context.Context, j load.Job, done func(error)) {
	leave := load.Enter(request)
	l.setup.Costs(Interpreting)
	if j.Wait == 0 {
		err := task(thread, j)
		leave()
		reply(thread, l.setup, done, err)
		return
	}
	time.AfterFunc(j.Wait, func() {
		l.push(func(thread context.Context) {
			leave()
			reply(thread, l.setup, done, nil)
		})
	})
}

func (l *threadLoop) push(fn func(ctx context.Context)) {
	l.mu.Lock()
	l.todo = append(l.todo, fn)
	wake := l.wake
	l.wake = nil
	l.mu.Unlock()
	if wake != nil {
		wake()
	}
}

// run is the thread.
func (l *threadLoop) run(ctx context.Context) (struct{}, error) {
	for {
		if err := quartet.Suspend(ctx, l.arm); err != nil {
			return struct{}{}, err
		}
		l.mu.Lock()
		batch := l.todo
		l.todo = nil
		l.mu.Unlock()
		for range CallsToRead {
			socketCall(ctx, l.setup)
		}
		for _, fn := range batch {
			fn(ctx)
			gil.Checkpoint(ctx)
		}
	}
}

func (l *threadLoop) arm(resume func()) {
	l.mu.Lock()
	if len(l.todo) == 0 {
		l.wake, resume = resume, nil
	}
	l.mu.Unlock()
	if resume != nil {
		resume()
	}
}
