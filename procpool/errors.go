package procpool

import (
	"errors"
	"fmt"
)

// Errors of the pool; compare with [errors.Is].
var (
	// ErrCrashLoop is what calls get while workers do not come up: the last ones died, or said nothing, before they were
	// ready. What the last one said is in the message. A later submit tries again.
	ErrCrashLoop = errors.New("procpool: workers do not come up")
	// ErrNoInit says that Init was not called as the first thing in main, or in TestMain.
	ErrNoInit = errors.New("procpool: call procpool.Init() as the first line of main, and of TestMain in tests")
	// ErrNested is New's refusal inside a worker; see Config.MaxDepth.
	ErrNested = errors.New("procpool: a pool inside a worker needs Config.MaxDepth")
	// ErrProtocol says that a worker sent what the protocol does not allow; it was killed.
	ErrProtocol = errors.New("procpool: protocol error")
	// ErrMismatch says that a worker speaks another version of the protocol, or was built from other code.
	ErrMismatch = errors.New("procpool: worker does not match this program")
)

// ForeignError is an exception of a worker in another language.
type ForeignError struct {
	Type    string // of the exception, in its language
	Message string // as the exception gives it
	Stack   string // as its language prints it
}

func (e *ForeignError) Error() string { return e.Type + ": " + e.Message }

// WorkerLostError is what a call gets that had started in a worker which is gone.
type WorkerLostError struct {
	PID      int    // of the worker that was lost
	ExitCode int    // -1 when a signal ended it; 2 after one that Go's runtime has caught, as SIGSEGV in C code: see Stderr
	Signal   string // its name, or ""
	Func     string // the function that was lost
	Stderr   []byte // the last that the worker wrote to its standard error, and how a crash began; some 20 KiB at most
	Victim   bool   // it was running; false: it waited for another call while the worker died
	Attempts int    // how many workers the call was lost with
	Cause    error  // why the pool killed the worker; nil when it died by itself
}

// shownStderr is how much of Stderr the message shows.
const shownStderr = 1 << 10

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
	if len(e.Stderr) > 0 {
		s += "\n\n" + string(e.Stderr[:min(len(e.Stderr), shownStderr)])
	}
	return s
}

// Unwrap gives Cause.
func (e *WorkerLostError) Unwrap() error { return e.Cause }
