package model

import (
	"context"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

// looper runs requests as tasks of one event loop, in virtual time.
type looper struct {
	*recorder
	loop  *eventloop.Loop
	clock *eventloop.Clock
	lanes []bool // taken
	due   []time.Duration
}

// loop has one thread, on which a request runs until it waits.
func loop(s Settings) *recorder {
	clock := &eventloop.Clock{}
	l := &looper{recorder: newRecorder(s), clock: clock, due: s.arrivals()}
	l.loop = eventloop.New(eventloop.Config{Clock: clock})
	l.loop.AfterFunc(Lasts, l.loop.Stop)
	if s.Job > 0 {
		l.serve(l.arrives(0, true))
	}
	l.arrival()
	_ = l.loop.Run(context.Background()) // Stop's error is nil
	_ = l.loop.Close()                   // there is nobody to wait for
	l.finish()
	return l.recorder
}

func (l *looper) now() time.Duration { return l.clock.Now().Sub(time.Unix(0, 0)) }

// arrival starts the requests that have arrived, and sets the timer of the next one.
func (l *looper) arrival() {
	l.poll()
	if len(l.due) > 0 {
		l.loop.AfterFunc(l.due[0]-l.now(), l.arrival)
	}
}

// poll starts the requests that have arrived.
func (l *looper) poll() {
	for now := l.now(); len(l.due) > 0 && l.due[0] <= now; l.due = l.due[1:] {
		l.serve(l.arrives(l.due[0], false))
	}
}

// compute keeps the loop. What arrives meanwhile is queued before whatever the task queues next.
func (l *looper) compute(d time.Duration) {
	l.computed += min(d, Lasts-l.now())
	l.clock.Advance(d)
	l.poll()
}

// serve starts a task for q. The loop has room for more requests than can arrive.
func (l *looper) serve(q *request) {
	_ = l.loop.Go(func(ctx context.Context) { l.answer(ctx, q) })
}

func (l *looper) answer(ctx context.Context, q *request) {
	if l.now() >= Lasts {
		return
	}
	l.begin(q, l.take(), l.now())
	for i, step := range q.script {
		q.at(i, l.now())
		if !l.do(ctx, q, step) {
			return
		}
	}
	l.end(q, l.now())
	l.lanes[q.lane] = false
	if q.job {
		l.serve(l.arrives(l.now(), true))
	}
}

// do does a line. It reports false when the time is over.
func (l *looper) do(ctx context.Context, q *request, step Step) bool {
	switch step.Do {
	case Compute:
		q.enter(Runs, l.now())
		l.compute(step.For)
	case Hold:
		q.enter(Holds, l.now())
		l.compute(step.For)
	case Release: // there is no lock, and the loop stands still all the same
		q.enter(Native, l.now())
		l.compute(step.For)
	default: // whatever it waits for, the loop goes on, and a timer ends the wait
		q.due = l.now() + step.For
		q.enter(Waits, l.now())
		if quartet.Sleep(ctx, step.For) != nil || l.now() >= Lasts {
			return false
		}
		q.enter(Wants, q.due)
		q.enter(Runs, l.now())
		q.due = 0
	}
	return l.now() < Lasts
}

// take returns the lowest free lane.
func (l *looper) take() int {
	for i, taken := range l.lanes {
		if !taken {
			l.lanes[i] = true
			return i
		}
	}
	l.lanes = append(l.lanes, true)
	return len(l.lanes) - 1
}
