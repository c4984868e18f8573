package quartet

import (
	"context"

	"github.com/quartet-go/quartet/internal/functions"
	"github.com/quartet-go/quartet/internal/propagate"
	"github.com/quartet-go/quartet/internal/task"
)

// Serialized returns an Executor that runs calls on ex, but sends every input and output through
// the codec [JSON], as a process pool does, and what [Propagate] has registered likewise: a test
// that runs on it finds what cannot travel. Errors and panics arrive as they are. Nested calls go
// through it too. Shutdown, Close and Stats are ex's.
func Serialized(ex Executor) Executor {
	if ex == nil {
		panic("quartet: Serialized of a nil Executor")
	}
	return &serialized{ex}
}

// Embedding gives it Shutdown and Close; SubmitCall is its own. It is no Runner, whatever is
// inside: a closure cannot be serialised.
type serialized struct{ Executor }

// Stats returns the numbers of the executor inside, as far as it has any.
func (s *serialized) Stats() Stats {
	if ex, ok := As[interface{ Stats() Stats }](s.Executor); ok {
		return ex.Stats()
	}
	return Stats{}
}

// Unwrap returns the executor inside, for [As].
func (s *serialized) Unwrap() Executor { return s.Executor }

// SubmitCall refuses an input that cannot be encoded.
//
// The input is encoded here, on the submitter's goroutine, as a process pool does, so that a later
// change of the input is not seen.
func (s *serialized) SubmitCall(ctx context.Context, c Call) error {
	if c == nil {
		panic("quartet: SubmitCall of a nil Call")
	}
	input, err := c.AppendInput(nil, JSON{})
	if err != nil {
		return err
	}
	return s.Executor.SubmitCall(WithCurrent(ctx, s), &serializedCall{c, input, propagate.Append(nil, ctx)})
}

// serializedCall is the far side of a call, in this process. It hides the future in Call from the
// executor inside, which therefore makes a node of its own: the host.
//
// Its Run has two nodes to care for: the call's own, whose future the caller has, and the host, by
// which the executor counts.
type serializedCall struct {
	Call
	input  []byte
	values []byte // of Propagate
}

// Unwrap returns the call inside, for [As].
func (c *serializedCall) Unwrap() Call { return c.Call }

// The call's node is claimed before the function runs, so that a Cancel which comes too late says
// so. It ends by Resolve, as that of a process pool does, whatever way the function left.
func (c *serializedCall) Run(ctx context.Context) {
	host := hostOf(ctx)
	call, future := As[task.Noder](c.Call)
	// A claim decides against Cancel, once. It fails too where the future has ended already.
	if future && !call.Node().Claim() {
		if host != nil {
			host.Fail() // the call was cancelled just now
		}
		return
	}
	err := ErrGoexit
	returned := false
	var output []byte
	defer func() {
		// The panic ends here: the executor sees a task that returned, and hears of it by Panicked.
		if v := recover(); v != nil {
			err = NewPanicError(v)
		} else if !returned && future {
			call.Node().Outcome = task.Exited
		}
		if host != nil && !returned {
			host.Owner().Panicked(err, true)
		}
		// Before the host is marked as failed, as only then the future knows whether the output
		// fits its type.
		c.Resolve(output, JSON{}, err)
		if host != nil && (err != nil || c.failed()) {
			host.Fail()
		}
		if f, ok := As[interface{ noteUnseen(*task.Node) }](c.Call); ok && host != nil {
			f.noteUnseen(host)
		}
	}()
	err = surrounded(ctx, host, func(ctx context.Context) (failed error) {
		if ctx, failed = propagate.Apply(ctx, c.values); failed == nil {
			output, failed = c.invoke(ctx)
		}
		return failed
	})
	returned = true
}

// invoke runs the function, and returns its result or streams it. Streams is asked by name, and
// writeEncoded of the call: both must agree, or one side would wait for items that the other never
// sends.
func (c *serializedCall) invoke(ctx context.Context) (output []byte, err error) {
	w, ok := As[interface {
		writeEncoded(ctx context.Context, item []byte, c Codec, err error) error
	}](c.Call)
	f, streams := functions.Streams(c.Name())
	if !ok || !streams {
		return Invoke(ctx, c.Name(), JSON{}, c.input)
	}
	return nil, f.Stream(ctx, JSON{}, c.input, func(item []byte, err error) error {
		return w.writeEncoded(ctx, item, JSON{}, err)
	})
}

// failed reports whether the call's future, if it has one, ended with an error: the output may not
// fit its type. The future knows more than the function's error: decoding may have failed.
func (c *serializedCall) failed() bool {
	f, ok := As[task.Noder](c.Call)
	return ok && f.Node().HasFailed()
}
