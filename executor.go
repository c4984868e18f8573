package quartet

import "context"

// Task is a unit of work. For every task that an executor accepts, exactly one of Run and Abandon is called, exactly
// once; for a refused one neither is.
type Task interface {
	// Run does the work. Its ctx carries the submitter's values, deadline and cancellation, and the executor's model.
	Run(ctx context.Context)
	// Abandon says that the accepted task will never start, and why. It must not block.
	Abandon(cause error)
}

// TaskFunc is a Task whose Abandon does nothing. A func value in an interface costs no allocation.
type TaskFunc func(ctx context.Context)

// Run calls f.
func (f TaskFunc) Run(ctx context.Context) { f(ctx) }

// Abandon does nothing.
func (f TaskFunc) Abandon(error) {}

// Call is a Task that names a function, so that it can travel: an executor in another process sends Name and input, and
// calls Resolve in place of Run, or Abandon.
type Call interface {
	Task
	// Name is the name that the function was defined with.
	Name() string
	// AppendInput appends the encoded input to dst.
	AppendInput(dst []byte, c Codec) ([]byte, error)
	// Resolve ends the call with the encoded output, or with err: what the function returned there, or how it was lost.
	Resolve(output []byte, c Codec, err error)
}

// Executor is what all four models are: it runs calls of named functions. All methods may be called from any goroutine,
// but Close not from inside a task of the executor.
type Executor interface {
	// SubmitCall hands c over and returns without waiting for it to run. It may wait for room, as far as ctx allows.
	// What happened before SubmitCall is seen by Run. An error means that c was refused: [ErrClosed], [ErrSaturated],
	// or the cause of ctx's end.
	SubmitCall(ctx context.Context, c Call) error

	// Shutdown refuses new work from outside and waits until all that was accepted has ended. When ctx ends first it
	// cancels the contexts of the tasks that have started, abandons the queued ones with ErrClosed, and returns ctx's
	// cause without waiting further. With the ctx of a task of this executor it begins the shutdown and returns
	// [ErrInside] at once.
	Shutdown(ctx context.Context) error

	// Close cancels and abandons as Shutdown does when its ctx ends, with cause [ErrClosed], and waits until nothing is
	// left: no goroutine, timer or process.
	Close() error
}

// Runner is an Executor that lives in this process and so takes closures too. That a closure cannot cross a process is
// a compile error, not a surprise at run time.
type Runner interface {
	Executor
	// SubmitTask is SubmitCall for a task without a name.
	SubmitTask(ctx context.Context, t Task) error
}
