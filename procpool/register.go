package procpool

import "github.com/quartet-go/quartet/internal/farerror"

// The errors of this package need no registration.
func init() {
	// wire has registered ErrProtocol and ErrMismatch. Names are the same in all processes, as
	// errors travel by them.
	for name, err := range map[string]error{
		"procpool.ErrCrashLoop": ErrCrashLoop, "procpool.ErrRunTimeout": ErrRunTimeout,
		"procpool.ErrQueueTimeout": ErrQueueTimeout,
		"procpool.ErrHung":         ErrHung, "procpool.ErrMemory": ErrMemory, "procpool.ErrNested": ErrNested,
		"procpool.ErrNoInit": ErrNoInit,
	} {
		farerror.Register("procpool", name, err)
	}
	farerror.RegisterType[*WorkerLostError]("procpool", "procpool.WorkerLostError")
	farerror.RegisterType[*ForeignError]("procpool", "procpool.ForeignError")
}

// RegisterError gives a sentinel a name under which it crosses to and from workers, so that
// errors.Is finds it on the far side. Call it while the program starts, beside the sentinel. It
// panics on a nil error and on a repeated name. The errors of this module and of package context
// need no registration.
func RegisterError(name string, sentinel error) { farerror.Register("procpool", name, sentinel) }

// RegisterErrorType is RegisterError for a type that errors.As is to find on the far side. Its
// exported fields travel as JSON.
func RegisterErrorType[E error](name string) { farerror.RegisterType[E]("procpool", name) }
