package natspool

import (
	"errors"
	"fmt"

	"github.com/quartet-go/quartet/internal/farerror"
)

var (
	// ErrCallerLost is the cause with which a node cancels the calls of a pool that has been silent
	// for LostAfter.
	ErrCallerLost = errors.New("natspool: the pool that made the call is gone")
	// ErrTooLarge is the error of a call whose input or output is larger than the server's greatest
	// message, if the server's object store cannot be used, and of a stream with an item of more
	// than 16 MiB.
	ErrTooLarge = errors.New("natspool: too large")
)

// NodeLostError is the error of a call that had started on a node, when the node has been silent
// for Config.LostAfter, or has not kept the result since it had not heard the pool for longer. The
// call may have ended there. If the node is only out of reach, the call may still run.
type NodeLostError struct {
	Node     string // its ID, as in NodeInfo; "": unknown, since the pool itself was out of reach meanwhile
	Host     string // where it ran
	PID      int
	Func     string // the function that was lost
	Attempts int    // how often the call had been started
}

func (e *NodeLostError) Error() string {
	return fmt.Sprintf("natspool: node %s (process %d on %s) was lost with a call of %q", e.Node, e.PID, e.Host, e.Func)
}

func init() {
	farerror.Register("natspool", "natspool.ErrCallerLost", ErrCallerLost)
	farerror.Register("natspool", "natspool.ErrTooLarge", ErrTooLarge)
	farerror.RegisterType[*NodeLostError]("natspool", "natspool.NodeLostError")
}

// RegisterError gives a sentinel a name under which it crosses to and from nodes, so that errors.Is
// finds it on the far side. Call it in the programs of both sides while they start, beside the
// sentinel. It panics on a nil error and on a repeated name. The registrations are those of package
// procpool: one serves both.
func RegisterError(name string, sentinel error) { farerror.Register("natspool", name, sentinel) }

// RegisterErrorType is RegisterError for a type that errors.As is to find on the far side. Its
// exported fields travel as JSON.
func RegisterErrorType[E error](name string) { farerror.RegisterType[E]("natspool", name) }
