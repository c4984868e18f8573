package procpool

import (
	"time"

	"github.com/quartet-go/quartet/internal/task"
)

// lingerTime is how long a worker's reader leaves the pipe to the next submitter that waits, when there is nothing to read.
const lingerTime = 2 * time.Millisecond

// turn says whose turn it is to read a worker's pipe. It is the reader's, but for this: a submitter that waits for its
// result and nothing else, with a worker that does nothing else, reads on its own goroutine. That spares a lone call the
// waking of one goroutine by another, which costs as much as the two processes' waking each other. It is guarded by the
// pool's lock.
type turn struct {
	lone    bool // the last call that found the worker idle was one whose submitter waits
	resting bool // the reader leaves the pipe to others
	helped  bool // a submitter reads
	used    bool // one has lately
	called  bool // the reader is wanted
	again   chan struct{}
}

// call is locked: it has the reader read, unless somebody does.
func (t *turn) call() {
	if t.resting && !t.helped && !t.called {
		t.called = true
		t.again <- struct{}{}
	}
}

// take is locked: it makes it the caller's turn; false: it is another's.
func (t *turn) take() bool {
	if !t.resting || t.helped || t.called {
		return false
	}
	t.helped, t.used = true, true
	return true
}

// over is locked: it reports whether the reader is to read again.
func (t *turn) over() bool {
	if t.helped || t.used && !t.called {
		t.used = false
		return false
	}
	if t.called {
		select {
		case <-t.again:
		default:
		}
	}
	t.resting, t.called = false, false
	return true
}

// mayRest is locked: nothing is to come but the result of a call whose submitter is about to read it.
func (w *worker) mayRest() bool {
	for _, c := range w.calls {
		if !c.joined {
			return false
		}
	}
	return w.turn.lone && len(w.calls) <= 1
}

// rest is the reader's: it returns when that is to read.
func (w *worker) rest() {
	in := &w.pool.in
	in.Lock()
	rests := w.mayRest()
	w.turn.resting, w.turn.used = rests, rests
	in.Unlock()
	if !rests {
		return
	}
	tick := time.NewTicker(lingerTime)
	defer tick.Stop()
	for over := false; !over; {
		select {
		case <-w.turn.again:
		case <-tick.C:
		}
		in.Lock()
		over = w.turn.over()
		in.Unlock()
	}
}

// joins reports whether c's submitter is a goroutine outside of all executors that waits for c alone.
func joins(c *call) bool {
	return c.node.Joined && c.node.Parent().Value(task.ModelKey) == nil
}

// join reads the frames of c's worker until c has ended, where that worker does nothing else and its pipe is free.
func (p *Pool) join(c *call) {
	p.in.Lock()
	w := c.worker
	c.joined = false // whatever takes c from now on calls the reader
	mine := w != nil && w.turn.take()
	if w != nil && !mine {
		w.turn.call()
	}
	p.in.Unlock()
	if !mine {
		return
	}
	failed := true
	defer func() { p.leave(w, failed) }()
	for p.with(w, c) {
		if w.readOnce() != nil {
			return
		}
	}
	failed = false
}

// leave gives the turn back, and calls the reader where there is more to read, or an end to find.
func (p *Pool) leave(w *worker, failed bool) {
	p.in.Lock()
	defer p.in.Unlock()
	w.turn.helped = false
	if failed || len(w.calls) > 0 {
		w.turn.call()
	}
}

// with reports whether c is still w's.
func (p *Pool) with(w *worker, c *call) bool {
	if c.node.State() == task.Ended {
		return false
	}
	p.in.Lock()
	defer p.in.Unlock()
	return c.worker == w
}

// readOnce reads what has come from the worker and handles it.
func (w *worker) readOnce() error {
	if w.broken {
		return ErrProtocol
	}
	n, err := w.pipe.Read(w.reader.room())
	w.reader.fed(n)
	if bad := w.pool.receive(w); bad != nil {
		w.broken = true
		w.kill(bad)
		return bad
	}
	return err
}

// read is the goroutine that reads a worker's frames.
func (w *worker) read() {
	defer close(w.closed)
	for w.readOnce() == nil {
		w.rest()
	}
}
