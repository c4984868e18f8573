package procpool

// sending is the state of a sender. The sender's lock guards it. In writing and finishing, and in
// no other state, one goroutine uses the pipe without the lock: the one whose begun has changed the
// state.
type sending uint8

const (
	gathering sending = iota // the worker has not started: frames are only kept
	idle                     // nobody writes
	writing                  // somebody does: the writer, or a submitter by itself
	draining                 // no more frames are accepted, nobody writes
	finishing                // likewise, and somebody writes
	shut                     // all is written, or cannot be
	sendings
)

// sendEvent is what changes that state.
type sendEvent uint8

const (
	opened  sendEvent = iota // the worker has started
	begun                    // somebody begins to write
	ended                    // and has written
	failed                   // or could not
	closed                   // no more frames
	emptied                  // none are left
	sendEvents
)

const stay = sendings // the event changes nothing

// sends are the transitions. A sender that is closed while gathering is shut at once: its process
// has not started, so nobody waits for its frames. After a failed write nothing is written any
// more: the bytes behind it would begin in the middle of a frame.
var sends = [sendings][sendEvents]sending{
	//           opened begun    ended    failed closed    emptied
	gathering: {idle, stay, stay, stay, shut, stay},
	idle:      {stay, writing, stay, stay, draining, stay},
	writing:   {stay, stay, idle, shut, finishing, stay},
	draining:  {stay, finishing, stay, stay, stay, shut},
	finishing: {stay, stay, draining, shut, stay, stay},
	shut:      {stay, stay, stay, stay, stay, stay},
}

// onLocked reports whether the event has changed the state.
func (s *sending) onLocked(e sendEvent) bool {
	next := sends[*s][e]
	if next == stay {
		return false
	}
	*s = next
	return true
}

// open: frames are accepted.
func (s sending) open() bool { return s <= writing }

// busy: somebody writes.
func (s sending) busy() bool { return s == writing || s == finishing }
