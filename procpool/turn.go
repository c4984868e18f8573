package procpool

import "time"

// lingerTime is how long a worker's reader leaves the pipe to the next submitter that waits, when
// there is nothing to read: from one to two times this.
const lingerTime = 2 * time.Millisecond

// holder says whose turn it is to read a worker's pipe. It is the reader's, but for this: a
// submitter that waits for its result and nothing else, with a worker that does nothing else, reads
// on its own goroutine. That spares a lone call the waking of one goroutine by another, which costs
// as much as the two processes' waking each other.
type holder uint8

const (
	reading   holder = iota // the reader reads
	lingering               // nobody reads: a submitter may
	lapsing                 // likewise, and none has since the last tick
	helping                 // a submitter reads
	called                  // the reader is wanted, and has not come yet
	holders
)

// turnEvent is what changes a turn. Every event may come in every state: those that do not matter
// there change nothing.
type turnEvent uint8

const (
	readerRests     turnEvent = iota // there is nothing to read but what a submitter will
	submitterTakes                   // one would read itself
	submitterLeaves                  // it has its result
	readerCalled                     // there may be something to read that no submitter will
	readerWoken                      // by the call
	tickPasses
	turnEvents
)

const none = holders // the event changes nothing

// turns are the transitions. A call while a submitter reads changes nothing: that one calls when it
// leaves. The submitter that leaves hands the pipe to nobody (lingering): the next one often comes
// at once.
var turns = [holders][turnEvents]holder{
	//           rests      takes    leaves     called  woken    tick
	reading:   {lingering, none, none, none, none, none},
	lingering: {none, helping, none, called, none, lapsing},
	lapsing:   {none, helping, none, called, none, reading},
	helping:   {none, none, lingering, none, none, none},
	called:    {none, none, none, none, reading, reading},
}

// turn is guarded by the pool's lock. Only the reader receives from again, and only the reader lets
// ticks pass. So a send in onLocked finds room, and a receive finds the token: neither blocks under
// the lock.
type turn struct {
	who   holder
	lone  bool          // the last call that found the worker idle was one whose submitter waits
	again chan struct{} // wakes the reader: full in called alone
}

// onLocked reports whether the event has changed whose turn it is.
func (t *turn) onLocked(e turnEvent) bool {
	next := turns[t.who][e]
	if next == none {
		return false
	}
	switch {
	case next == called:
		t.again <- struct{}{}
	case t.who == called && e == tickPasses:
		<-t.again
	}
	t.who = next
	return true
}
