package procpool

import (
	"time"

	"github.com/quartet-go/quartet/internal/steps"
	"github.com/quartet-go/quartet/internal/task"
)

// comer is where the submitter of a call is on its way to the pipe of the call's worker. It stays
// absent where joins says no. The pool's lock guards it from the hand-over on.
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
// about to read it. While nobody reads, assignLocked calls the reader for each call that has no
// coming submitter, and live when the worker is dead.
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
	// Decided and done in one section: a call that is assigned after it calls the reader back.
	if rests {
		w.turn.onLocked(readerRests)
	}
	in.Commit()
	if !rests {
		return
	}
	// The submitter may never come for the pipe: two ticks without one make it the reader's.
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
// alone. A task of an executor waits as its model says, and may lend its slot: a goroutine that
// reads a pipe could do neither.
func joins(c *call) bool {
	return c.node.Is(task.Joined) && c.node.Outer(task.ModelKey) == nil
}

// join reads the frames of c's worker until c has ended, where that worker does nothing else and
// its pipe is free. submitRecord calls it without the lock. By now c may wait in the queue, have
// ended, or be with another worker than the one that was sent it first.
func (p *Pool) join(c *call) {
	// c.worker, the comer and the turn change in one section: either assignLocked has seen coming,
	// or it will see here and call the reader.
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
	// It stays true when user code panics in a frame's errand: the turn must not go with this
	// goroutine.
	failed := true
	defer func() { p.leave(w, failed) }()
	for p.with(w, c) {
		// It may run errands of other calls: who reads handles all that has come.
		if w.readOnce() != nil {
			return
		}
	}
	failed = false
}

// leave gives the turn back, and calls the reader where there is more to read, or an end to find. A
// call for the reader in the meantime had no effect, so this looks whether one is due.
func (p *Pool) leave(w *worker, failed bool) {
	p.in.Lock()
	defer p.in.Commit()
	w.turn.onLocked(submitterLeaves)
	if failed || len(w.calls) > 0 {
		w.turn.onLocked(readerCalled)
	}
}

// with reports whether c is still w's. When c was given back or lost it is not. Then the submitter
// stops to read, and its future waits as any other.
func (p *Pool) with(w *worker, c *call) bool {
	if c.node.State().Over() {
		return false
	}
	p.in.Lock()
	defer p.in.Commit()
	return c.worker == w
}

// readOnce reads and handles frames of the worker. Only the goroutine whose turn it is calls it. It
// holds no lock while it waits for bytes.
func (w *worker) readOnce() error {
	if w.broken {
		return ErrProtocol
	}
	n, err := w.pipe.Read(w.reader.Room())
	w.reader.Fed(n)
	if bad := w.pool.receive(w); bad != nil {
		// Behind a bad frame nobody knows where the next one begins. bury sees broken, and ignores
		// the ledger.
		w.broken = true
		w.condemn(bad)
		return bad
	}
	return err
}

// read is the goroutine that reads a worker's frames. live joins it. Where a system cannot wait for
// a process, closed tells live of the death.
func (w *worker) read() {
	defer close(w.closed)
	for w.readOnce() == nil {
		w.rest()
	}
}
