package quartet

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// The errors that every executor uses; compare with [errors.Is].
var (
	ErrClosed    = errors.New("quartet: executor is closed")
	ErrSaturated = errors.New("quartet: executor has no room")
	ErrDiscarded = errors.New("quartet: task was discarded for a newer one")
	ErrPending   = errors.New("quartet: future has not ended")
	ErrGoexit    = errors.New("quartet: task called runtime.Goexit")
	ErrNoBody    = errors.New("quartet: function has no body in this program")
	ErrInside    = errors.New("quartet: called from inside a task of the executor")
	ErrDeadlock  = errors.New("quartet: waiting here would never end")
	ErrView      = errors.New("quartet: a view of an executor cannot stop it")
)

// PanicError is what a task's waiters get when it panics.
type PanicError struct {
	Value any    // what the task panicked with
	Stack []byte // the task's own stack, as debug.Stack gives it
}

// NewPanicError returns a PanicError for a value that recover gave, with the calling goroutine's stack. It is for those
// who write an executor; called from the deferred function, the stack still holds the frames that panicked. A value that
// is a *PanicError, panicked with again, is returned as it is.
func NewPanicError(value any) *PanicError {
	if err, ok := value.(*PanicError); ok {
		return err
	}
	return &PanicError{Value: value, Stack: debug.Stack()}
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("quartet: task panicked: %v\n\n%s", e.Value, e.Stack)
}

// Unwrap gives the panic's value when it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
