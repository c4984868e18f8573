package child

// crew says which goroutines of the worker's own there are that run no task: one may read frames,
// and one may wait in reserve until there is something to do.
//
// Invariant: at most one reads, and at most one is in reserve. server.mu guards it. More readers
// would tear frames apart; no reserve at all would start a goroutine for each task that takes long.
// Goroutines that run tasks are not of the crew: they come when their task has ended.
type crew uint8

const (
	nobody  crew = iota
	reader       // one reads
	reserve      // one waits
	both
	crews
)

// crewEvent is what changes the crew.
type crewEvent uint8

const (
	// The event calledUp takes the reserve out before it wakes: two callers never call the same
	// goroutine up, and the channel of length one never blocks.
	comes    crewEvent = iota // a goroutine that has no task to run
	calledUp                  // the reserve, to look what can be done
	hasRead                   // the reader: it goes to look what can be done
	crewEvents
)

const same = crews // the event changes nothing

// crewSteps are the transitions. Who comes reads where nobody does, else it waits where nobody
// does.
var crewSteps = [crews][crewEvents]crew{
	//       comes    called  read
	nobody:  {reader, same, same},
	reader:  {both, same, nobody},
	reserve: {both, nobody, same},
	both:    {same, reader, reserve},
}

// onLocked reports whether the event has changed the crew. False tells a goroutine that comes to
// end, since both places are filled, and a caller that there is no reserve to call up.
func (c *crew) onLocked(e crewEvent) bool {
	next := crewSteps[*c][e]
	if next == same {
		return false
	}
	*c = next
	return true
}

// reads: somebody reads frames.
func (c crew) reads() bool { return c == reader || c == both }
