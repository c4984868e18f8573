package task

import "fmt"

// State is where a node is on its way. It only moves along the arrows of the package comment. Their
// order has a meaning: Pending, Queued, Started and Over compare with it. Whoever adds a state puts
// it at its place in the order, and adds a name and a row of follows.
type State uint32

const (
	Fresh     State = iota // no executor has accepted it
	Blocked                // its submitter waits for room
	Pushed                 // accepted, in its executor's lane, which takes no lock
	Held                   // accepted, before a turnstile
	Ready                  // accepted, may start
	Claimed                // taken for its start
	Running                // its job runs
	Waiting                // its job waits, and has lent what the executor is bounded by
	Returning              // its wait is over, and it needs that back
	Abandoned              // it will never start; its job's Abandon is on its way
	Ended                  // its job has returned, or has been abandoned
)

var stateNames = [...]string{
	"fresh", "blocked", "pushed", "held", "ready", "claimed", "running", "waiting", "returning", "abandoned", "ended",
}

func (s State) String() string { return stateNames[s] }

// states is a set of State.
type states uint16

func set(of ...State) (s states) {
	for _, x := range of {
		s |= 1 << x
	}
	return s
}

func (s states) has(x State) bool { return s>>x&1 == 1 }

// follows is the table of transitions: which states may follow one. Ended follows every state but
// itself: an executor of another module, or a resolve from another process, may end a future
// without moving it through the others.
var follows = [...]states{
	Fresh:     set(Blocked, Pushed, Held, Ready, Claimed, Abandoned, Ended),
	Blocked:   set(Fresh, Held, Ready, Claimed, Abandoned, Ended),
	Pushed:    set(Fresh, Ready, Claimed, Abandoned, Ended),
	Held:      set(Ready, Abandoned, Ended),
	Ready:     set(Claimed, Abandoned, Ended),
	Claimed:   set(Running, Waiting, Ended),
	Running:   set(Waiting, Ended),
	Waiting:   set(Returning, Running, Ended),
	Returning: set(Running, Ended),
	Abandoned: set(Ended),
	Ended:     0,
}

// Pending reports whether the node can still be abandoned.
func (s State) Pending() bool { return s <= Ready }

// Queued reports whether the node has been accepted and has not started.
func (s State) Queued() bool { return s >= Pushed && s <= Ready }

// Started reports whether the node has started and not ended.
func (s State) Started() bool { return s >= Claimed && s <= Returning }

// Suspended reports whether the node has started and waits, or wants to go on after a wait.
func (s State) Suspended() bool { return s == Waiting || s == Returning }

// Over reports whether the node has ended, or will never start.
func (s State) Over() bool { return s >= Abandoned }

// State returns the node's state.
func (n *Node) State() State { return State(n.state.Load()) }

// Move takes n from one state to another. It reports false when n is not in the first one any more.
// A way that the table does not have is a bug, and panics whether or not the node is there. To be
// elsewhere is none: others may have moved the node.
func (n *Node) Move(from, to State) bool {
	if !follows[from].has(to) {
		panic(fmt.Sprintf("task: no way leads from %v to %v", from, to))
	}
	return n.state.CompareAndSwap(uint32(from), uint32(to))
}

// leave takes n out of whichever state in the set it is in. It tries again if the node moves
// meanwhile, from one state of the set to another. The loop ends: within a set nodes move forward
// only, but for the rare ways back to Fresh.
func (n *Node) leave(from states, to State) (was State, left bool) {
	for {
		was = n.State()
		if !from.has(was) {
			return was, false
		}
		if n.Move(was, to) {
			return was, true
		}
	}
}

var (
	pending   = set(Fresh, Blocked, Pushed, Held, Ready)
	claimable = set(Fresh, Blocked, Pushed, Ready)
)
