package procpool

import (
	"errors"
	"fmt"

	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// Both sides of the pipes know these. They have names here since go doc shows the values of
// variables, and must not show an internal package.
var errProtocol, errMismatch = wire.ErrProtocol, wire.ErrMismatch

// Errors of the pool; compare with [errors.Is].
var (
	// ErrCrashLoop is what calls get while workers do not come up: the last ones died, or said
	// nothing, before they were ready. What the last one said is in the message. A later submit
	// tries again.
	ErrCrashLoop = errors.New("procpool: workers do not come up")
	// ErrNoInit says that Init was not called as the first thing in main, or in TestMain.
	ErrNoInit = errors.New("procpool: call procpool.Init() as the first line of main, and of TestMain in tests")
	// ErrNested is New's refusal inside a worker; see Config.MaxDepth.
	ErrNested = errors.New("procpool: a pool inside a worker needs Config.MaxDepth")
	// ErrProtocol says that a worker sent what the protocol does not allow; it was killed.
	ErrProtocol = errProtocol
	// ErrMismatch says that a worker speaks another version of the protocol, was built from other
	// code, or has an interpreter that is too old.
	ErrMismatch = errMismatch
)

// ForeignError is an exception of a worker in another language.
type ForeignError struct {
	Type    string // of the exception, in its language
	Message string // as the exception gives it
	Stack   string // as its language prints it
}

// Error is as the exception's language shows it, without the stack.
func (e *ForeignError) Error() string { return e.Type + ": " + e.Message }

// WorkerLostError is what a call gets that had started in a worker which is gone.
type WorkerLostError struct {
	PID int // of the worker that was lost
	// -1 when a signal ended it; 2 after one that Go's runtime has caught, as SIGSEGV in C code:
	// see Stderr
	ExitCode int
	Signal   string // its name, or ""
	Func     string // the function that was lost
	// the last that this call wrote to its standard error, and how a crash began; some 20 KiB at
	// most. Not for clients
	Stderr   []byte
	Victim   bool  // it was running; false: it waited for another call while the worker died
	Attempts int   // how many workers the call was lost with
	Cause    error `json:"-"` // why the pool killed the worker; nil when it died by itself
}

// Error is one line, fit for a log. It leaves Stderr out.
func (e *WorkerLostError) Error() string {
	how := fmt.Sprintf("exit code %d", e.ExitCode)
	if e.Signal != "" {
		how = "signal: " + e.Signal
	}
	what := "was running"
	if !e.Victim {
		what = "was waiting"
	}
	s := fmt.Sprintf("procpool: worker %d was lost (%s) while %q %s in it", e.PID, how, e.Func, what)
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap gives Cause.
func (e *WorkerLostError) Unwrap() error { return e.Cause }
