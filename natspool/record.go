package natspool

import (
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/steps"
	"github.com/quartet-go/quartet/internal/task"
)

// record is one accepted call, from its submit to its end: it is the Data of its node. The pool is
// the one place that decides who starts a call: a node asks before it does. So whatever the server
// may do with the message, deliver it twice after a restart or lose it, no call is started by two
// nodes at once, and one that nobody was allowed to start can always be sent again.
type record struct {
	node *task.Node
	call quartet.Call
	id   uint64
	// False also once items of a stream have been read: a second run could yield others.
	idempotent bool
	message    callMessage
	flow       *inflow // its items; nil: the result is one value

	// Guarded by the pool's lock.
	state    state
	class    string // whose queue it was sent to
	seq      uint64 // its number in the stream; 0: not known yet
	sentAt   time.Time
	parkedAt time.Time
	full     bool    // parked since the stream is full
	holder   *member // in state held
	heldAt   uint64  // the pool's beat when it was granted
	loose    bool    // see loosenLocked
	output   string  // the object that is fetched
	// Classes of nodes. It never shrinks: a program does not learn a function while it runs.
	refused []string
	refusal error       // why, said by the last class
	stop    func() bool // of what watches its context
}

// state is where a call is. "Granted" is apart: that is the state of its node, which is Started
// from the first grant on.
type state uint8

const (
	sending  state = iota // on its way to the stream
	queued                // in the stream
	parked                // nowhere: the stream is full, or no class of nodes runs it
	held                  // granted to a node
	fetching              // it has ended there, and its large output is on its way
	ended
)

// recordStates are the transitions.
var recordStates = steps.Table[state]{
	Of:    "natspool: a call",
	Names: []string{"sending", "queued", "parked", "held", "fetching", "ended"},
	Follows: [][]state{
		// A node may ask for a call before the server's word that it is in the stream has arrived.
		sending: {sending, queued, parked, held, ended},
		queued:  {sending, parked, held, ended},
		parked:  {sending, held, ended},
		// A node that is lost, or that gives a call back, has it sent again.
		held:     {sending, parked, held, fetching, ended},
		fetching: {ended},
		ended:    {},
	},
}

// moveLocked changes r's state.
func (r *record) moveLocked(to state) {
	r.state = recordStates.Step(r.state, to)
	if to != held {
		r.holder = nil
	}
}

// decided reports whether r has its outcome, and no node may start it any more. It compares with
// fetching: both later states are outcomes.
func (r *record) decided() bool { return r.state >= fetching }

// granted reports whether a node has ever been allowed to start r. It stays true while the call is
// sent again: the intake counts it as running until it has ended.
func (r *record) granted() bool { return r.node.State().Started() }

// abandoned reports whether r has ended without a grant: the intake has told the caller. Its record
// stays until the server has acknowledged the message, which has to be removed.
func (r *record) abandoned() bool { return r.state != ended && r.node.State() == task.Ended }
