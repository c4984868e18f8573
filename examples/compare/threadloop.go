package main

import (
	"context"
	"sync"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
)

// threadLoop is asyncio's loop: one thread of an interpreter that answers requests one after the other, but for their
// waits. It shares the lock with all other threads.
type threadLoop struct {
	mu   sync.Mutex
	todo []func(ctx context.Context)
	wake func()
}

// openLoopAndThread gives each heavy request a thread of its own.
func openLoopAndThread(int) server {
	interpreter, l := gil.New(gil.Config{}), &threadLoop{}
	thread := quartet.Go(context.Background(), interpreter, l.run)
	own := on(interpreter)
	return server{
		serve: func(ctx context.Context, r request, done func()) {
			if r.heavy {
				own.serve(ctx, r, done)
			} else {
				l.push(func(context.Context) { l.answer(ctx, r.job, done) })
			}
		},
		shut: func() {
			thread.Cancel(nil)
			_ = interpreter.Close()
		},
	}
}

// answer runs on the loop's thread, which a wait does not keep.
func (l *threadLoop) answer(ctx context.Context, j job, done func()) {
	if j.Wait == 0 {
		_, _ = perform.Local(ctx, j)
		done()
		return
	}
	leave := enter(ctx)
	time.AfterFunc(j.Wait, func() {
		l.push(func(context.Context) {
			leave()
			done()
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
