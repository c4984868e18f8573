package quartet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"runtime/debug"
	"sync/atomic"
)

// The errors that every executor uses; compare with [errors.Is].
var (
	// ErrClosed refuses a submit after Shutdown or Close began. It is also what queued tasks are
	// abandoned with, and the cause with which Close cancels those that have started.
	ErrClosed = errors.New("quartet: executor is closed")
	// ErrSaturated refuses a submit that finds no room and does not wait for it.
	ErrSaturated = errors.New("quartet: executor has no room")
	// ErrDiscarded is what the oldest queued task is abandoned with where the newest takes its
	// room.
	ErrDiscarded = errors.New("quartet: task was discarded for a newer one")
	// ErrPending is [Future.Result]'s answer before the end.
	ErrPending = errors.New("quartet: future has not ended")
	// ErrGoexit is what the waiters of a task get that called runtime.Goexit, as a failing test
	// does.
	ErrGoexit = errors.New("quartet: task called runtime.Goexit")
	// ErrNoBody is what a call of a [Func] gets where the program that is to run it has no body for
	// it.
	ErrNoBody = errors.New("quartet: function has no body in this program")
	// ErrInside is returned by Shutdown when a task of the executor itself calls it: Shutdown
	// cannot wait for its own caller.
	ErrInside = errors.New("quartet: called from inside a task of the executor")
	// ErrDeadlock is returned in place of a wait that would never end, where that can be seen.
	ErrDeadlock = errors.New("quartet: waiting here would never end")
	// ErrView is what Shutdown and Close of a view return: they are the owner's.
	ErrView = errors.New("quartet: a view of an executor cannot stop it")
)

// PanicError is what a task's waiters get when it panics.
//
// It is shared by all who wait for the task, and by OnPanic. So Value and Stack must not be
// changed.
type PanicError struct {
	Value any    // what the task panicked with
	Stack []byte // the task's own stack, as debug.Stack gives it

	seen uint32 // atomic: somebody has asked for the result that it is
}

// NewPanicError returns a PanicError for a value that recover gave, with the calling goroutine's
// stack. It is for those who write an executor; called from the deferred function, the stack still
// holds the frames that panicked. A value that is a *PanicError, panicked with again, is returned
// unchanged. So a panic that crosses several executors, or is repeated on its waiter's goroutine,
// keeps the stack of where it began.
func NewPanicError(value any) *PanicError {
	if err, ok := value.(*PanicError); ok {
		return err
	}
	return &PanicError{Value: value, Stack: debug.Stack()}
}

// logUnseen is called when the future that ended with a panic is garbage: nobody can ask for it any
// more. It runs on the goroutine of the runtime's cleanups, so it only logs. The cleanup holds the
// error and not the future: a cleanup that reached its own object would keep it alive for ever.
func logUnseen(u unseenPanic) {
	if atomic.LoadUint32(&u.err.seen) == 0 {
		u.log.Error("quartet: a task panicked, and nobody asked for its result", "panic", fmt.Sprint(u.err.Value),
			"stack", string(u.err.Stack))
	}
}

// unseenPanic is the argument of a cleanup.
type unseenPanic struct {
	err *PanicError
	log *slog.Logger
}

// The stack is in the text, since most programs log no more of an error than that.
func (e *PanicError) Error() string {
	return fmt.Sprintf("quartet: task panicked: %v\n\n%s", e.Value, e.Stack)
}

// Unwrap gives the panic's value when it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// onlyCancelled reports whether err only repeats the end of ctx, which has ended: each branch of
// err's tree ends with ctx's error or its cause, whatever wraps them. So Group leaves net/http's
// copy of a cause out, and keeps an error that is joined with a cancellation. It calls methods of
// the user's errors (Unwrap, Error).
func onlyCancelled(err error, ctx context.Context) bool {
	end, cause := ctx.Err(), context.Cause(ctx)
	return end != nil && only(err, end, cause)
}

// It walks the whole tree, since one branch that says something else makes the error worth keeping.
//
// A *PanicError comes first, since it has an Unwrap, too, and must not be taken for the error that
// it wraps. No error has both kinds of Unwrap, since the methods have one name.
func only(err, end, cause error) bool {
	if err == end || same(err, cause) {
		return true
	}
	switch e := err.(type) {
	case *PanicError: // it has crashed, whatever the value was
		return false
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return only(inner, end, cause)
		}
	case interface{ Unwrap() []error }:
		inner := e.Unwrap()
		for _, err := range inner {
			if !only(err, end, cause) {
				return false
			}
		}
		return len(inner) > 0
	}
	// Only for a cancellation: package net's error for a deadline is another one, and is kept.
	return end == context.Canceled && cancelledByNet(err)
}

// same is a == b, for errors that need not be comparable. A comparison of errors that cannot be
// compared would panic.
func same(a, b error) bool {
	return reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b
}

// cancelledByNet reports whether err is package net's error for a cancelled dial. The package does
// not export it.
func cancelledByNet(err error) bool {
	return errors.Is(err, context.Canceled) && err.Error() == "operation was canceled"
}
