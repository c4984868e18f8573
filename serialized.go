package quartet

import (
	"context"

	"github.com/quartet-go/quartet/internal/task"
)

// Serialized returns an Executor that runs calls on ex, but sends every input and output through the codec [JSON], as a
// process pool does: a test that runs on it finds what cannot travel. Errors and panics arrive as they are. Nested calls
// go through it too. Shutdown, Close and Stats are ex's.
func Serialized(ex Executor) Executor {
	if ex == nil {
		panic("quartet: Serialized of a nil Executor")
	}
	return &serialized{ex}
}

type serialized struct{ Executor }

// Stats returns the numbers of the executor inside, as far as it has any.
func (s *serialized) Stats() Stats {
	if ex, ok := s.Executor.(interface{ Stats() Stats }); ok {
		return ex.Stats()
	}
	return Stats{}
}

// SubmitCall refuses an input that cannot be encoded.
func (s *serialized) SubmitCall(ctx context.Context, c Call) error {
	if c == nil {
		panic("quartet: SubmitCall of a nil Call")
	}
	input, err := c.AppendInput(nil, JSON{})
	if err != nil {
		return err
	}
	return s.Executor.SubmitCall(WithCurrent(ctx, s), &serializedCall{c, input})
}

// serializedCall is the far side of a call, in this process.
type serializedCall struct {
	Call
	input []byte
}

func (c *serializedCall) Run(ctx context.Context) {
	if call, ok := c.Call.(task.Noder); ok && !call.Node().Claim() {
		return
	}
	err := ErrGoexit
	var output []byte
	defer func() {
		if v := recover(); v != nil {
			err = NewPanicError(v)
		}
		c.Resolve(output, JSON{}, err)
	}()
	output, err = Invoke(ctx, c.Name(), JSON{}, c.input)
}
