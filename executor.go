package quartet

import (
	"context"
	"errors"
	"fmt"
)

// Task is a unit of work. For every task that an executor accepts, exactly one of Run and Abandon
// is called, exactly once; for a refused one neither is.
//
// Run is called on a goroutine of the executor's choice, which may be the submitter's, and Abandon
// on whichever goroutine ends the task. A panic in either goes to the executor's OnPanic.
type Task interface {
	// Run does the work. Its ctx carries the submitter's values, deadline and cancellation, and the
	// executor's model.
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

// Call is a Task that names a function, so that it can travel: an executor in another process sends
// Name and input, and calls Resolve in place of Run, or Abandon.
//
// Name, AppendInput and Resolve may be called on another goroutine than the submitter's. An
// executor calls AppendInput before its SubmitCall returns or after it, and, where a call may be
// tried again, more than once.
type Call interface {
	Task
	// Name is the name that the function was defined with.
	Name() string
	// AppendInput appends the encoded input to dst.
	AppendInput(dst []byte, c Codec) ([]byte, error)
	// Resolve ends the call with the encoded output, or with err: what the function returned there,
	// or how it was lost.
	Resolve(output []byte, c Codec, err error)
}

// Executor is what all four models are: it runs calls of named functions. All methods may be called
// from any goroutine, but Close not from inside a task of the executor.
type Executor interface {
	// SubmitCall hands c over and returns without waiting for it to run. It may wait for room, as
	// far as ctx allows. What happened before SubmitCall is seen by Run. An error means that c was
	// refused: [ErrClosed], [ErrSaturated], or the cause of ctx's end.
	SubmitCall(ctx context.Context, c Call) error

	// Shutdown refuses new work from outside and waits until all that was accepted has ended. When
	// ctx ends first it cancels the contexts of the tasks that have started, abandons the queued
	// ones with ErrClosed, and returns ctx's cause without waiting further. With the ctx of a task
	// of this executor it begins the shutdown and returns [ErrInside] at once.
	Shutdown(ctx context.Context) error

	// Close cancels and abandons as Shutdown does when its ctx ends, with cause [ErrClosed], and
	// waits until nothing is left: no goroutine, timer or process.
	Close() error
}

// Runner is an Executor that lives in this process and so takes closures too. That a closure cannot
// cross a process is a compile error, not a surprise at run time.
type Runner interface {
	Executor
	// SubmitTask is SubmitCall for a task without a name.
	SubmitTask(ctx context.Context, t Task) error
}

// Saturation says what a submit does when its executor has no room. The packages of the pools have
// these names too, without the prefix.
type Saturation uint8

const (
	// SaturationWait waits for room, as far as the submit's ctx allows.
	SaturationWait Saturation = iota
	// SaturationReject returns [ErrSaturated] at once.
	SaturationReject
	// SaturationDropOldest abandons the oldest queued task of no higher priority with
	// [ErrDiscarded], and takes its room.
	SaturationDropOldest
)

// Level is a priority: of two queued tasks the one with the higher priority, which is the lower
// number, starts first. So that none starves, of 16 starts one goes to the normal tasks first and
// one to the low ones. The packages of the pools have these names too, without the prefix.
type Level int8

// The priorities. A task has [LevelNormal] unless it is submitted through a view that says
// otherwise.
const (
	LevelHigh   Level = -1
	LevelNormal Level = 0
	LevelLow    Level = 1
)

// As finds what x offers besides its interface, also through wrappers. It looks at x, then at what
// x.Unwrap() gives, and so on, and returns the first that is a T. x is an [Executor], a [Task], a
// [Call] or an [Observer], and Unwrap returns one of these, a [Runner], or any:
//
//	stats, ok := quartet.As[interface{ Stats() quartet.Stats }](ex)
//
// A wrapper of one's own should have such an Unwrap: through it a call keeps its retries, [Map] its
// window, and a failed task counts as failed. What As finds is for asking, not for submitting: that
// would go around the wrapper.
//
// Offered are, among others, Stats() [Stats], Name() string and Ahead() int by executors,
// Idempotent() bool by calls, and Remark([Remark]) by observers.
//
// It ends since each Unwrap leads one step inward; a wrapper whose Unwrap returns itself would hang
// it.
func As[T any](x any) (T, bool) {
	for x != nil {
		if found, ok := x.(T); ok {
			return found, true
		}
		x = unwrap(x)
	}
	return *new(T), false
}

// unwrap returns what x wraps; nil: nothing. One case for each interface of the package: a method
// Unwrap with another result type is another method. A wrapper that wraps nothing returns a nil
// interface, which ends As; a nil pointer of some type would not.
func unwrap(x any) any {
	switch w := x.(type) {
	case interface{ Unwrap() Executor }:
		return w.Unwrap()
	case interface{ Unwrap() Runner }:
		return w.Unwrap()
	case interface{ Unwrap() Call }:
		return w.Unwrap()
	case interface{ Unwrap() Task }:
		return w.Unwrap()
	case interface{ Unwrap() Observer }:
		return w.Unwrap()
	case interface{ Unwrap() any }:
		return w.Unwrap()
	}
	return nil
}

// Stopper is what [Stop] stops: every [Executor], and an *http.Server.
type Stopper interface {
	Shutdown(ctx context.Context) error
	Close() error
}

// Stop ends a service: it calls Shutdown of each, in the order given, so that what takes work in
// comes before what does it. When ctx ends first, it then calls Close of those whose Shutdown has
// failed, in the same order. It returns all errors, joined; nil means that all have ended. It
// panics on a nil Stopper, and must not be called from inside a task of an executor that it stops.
//
// It looks at ctx after each failed Shutdown, and not at the error: Shutdown may have failed for
// another reason while ctx goes on, and then there is nothing that Close would end sooner.
// ErrInside and ErrView tell of a mistake of the caller's, which Close would only repeat.
func Stop(ctx context.Context, stoppers ...Stopper) error {
	for i, s := range stoppers {
		if s == nil {
			panic(fmt.Sprintf("quartet: Stop of a nil Stopper, number %d of %d", i+1, len(stoppers)))
		}
	}
	if ctx == nil {
		panic("quartet: Stop with a nil Context")
	}
	var errs []error
	// Close comes after all Shutdowns, so that those later in the order have at least refused new
	// work before anybody is cut off.
	var unfinished []Stopper
	for _, s := range stoppers {
		if err := s.Shutdown(ctx); err != nil {
			errs = append(errs, stopError(s, err))
			if ctx.Err() != nil && !errors.Is(err, ErrInside) && !errors.Is(err, ErrView) {
				unfinished = append(unfinished, s)
			}
		}
	}
	for _, s := range unfinished {
		if err := s.Close(); err != nil {
			errs = append(errs, stopError(s, err))
		}
	}
	return errors.Join(errs...)
}

// stopError says who has failed to stop. The name tells two pools of one type apart in a log.
func stopError(s Stopper, err error) error {
	// The type alone would not do: a service may have two pools.
	if named, ok := s.(interface{ Name() string }); ok {
		return fmt.Errorf("stopping %s: %w", named.Name(), err)
	}
	return fmt.Errorf("stopping a %T: %w", s, err)
}
