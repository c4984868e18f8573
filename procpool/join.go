package procpool

import (
	"time"

	"github.com/quartet-go/quartet/internal/steps"
	"github.com/quartet-go/quartet/internal/task"
)

// comer is where the submitter of a call is on its way to the pipe of the call's worker.
type comer uint8

const (
	absent comer = iota // none comes: the worker's reader reads the result
	coming              // it has been let in, and is about to ask for the pipe
	here                // it has asked: it reads the pipe, or else the reader does
)

// comers are the transitions.
var comers = steps.Table[comer]{
	Of:      "procpool: the submitter of a call",
	Names:   []string{"absent", "coming", "here"},
	Follows: [][]comer{absent: {coming}, coming: {here}, here: {}},
}

// mayRestLocked reports whether nothing is to come but the result of a call whose submitter is
// about to read it.
func (w *worker) mayRestLocked() bool {
	for _, c := range w.calls {
		if c.comer != coming {
			return false
		}
	}
	return w.turn.lone && len(w.calls) <= 1
}

// rest is the reader's: it returns when that is to read.
func (w *worker) rest() {
	in := &w.pool.in
	in.Lock()
	rests := w.mayRestLocked()
	if rests {
		w.turn.onLocked(readerRests)
	}
	in.Commit()
	if !rests {
		return
	}
	tick := time.NewTicker(lingerTime)
	defer tick.Stop()
	for reads := false; !reads; {
		event := readerWoken
		select {
		case <-w.turn.again:
		case <-tick.C:
			event = tickPasses
		}
		in.Lock()
		w.turn.onLocked(event)
		reads = w.turn.who == reading
		in.Commit()
	}
}

// joins reports whether c's submitter is a goroutine outside of all executors that waits for c
// alone.
func joins(c *call) bool {
	return c.node.Is(task.Joined) && c.node.Outer(task.ModelKey) == nil
}

// join reads the frames of c's worker until c has ended, where that worker does nothing else and
// its pipe is free.
func (p *Pool) join(c *call) {
	p.in.Lock()
	w := c.worker
	c.comer = comers.Step(c.comer, here) // whatever takes c from now on calls the reader
	mine := w != nil && w.turn.onLocked(submitterTakes)
	if w != nil && !mine {
		w.turn.onLocked(readerCalled)
	}
	p.in.Commit()
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
	defer p.in.Commit()
	w.turn.onLocked(submitterLeaves)
	if failed || len(w.calls) > 0 {
		w.turn.onLocked(readerCalled)
	}
}

// with reports whether c is still w's.
func (p *Pool) with(w *worker, c *call) bool {
	if c.node.State().Over() {
		return false
	}
	p.in.Lock()
	defer p.in.Commit()
	return c.worker == w
}

// readOnce reads and handles frames of the worker.
func (w *worker) readOnce() error {
	if w.broken {
		return ErrProtocol
	}
	n, err := w.pipe.Read(w.reader.Room())
	w.reader.Fed(n)
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
