package quartet

import (
	"context"
	"fmt"

	"github.com/quartet-go/quartet/internal/task"
)

// call is one call of a Func on its way: the future, and what the far side needs. Only the executor sees it as a Call;
// the caller gets the Future inside.
type call[In, Out any] struct {
	Future[Out]
	f  *Func[In, Out]
	in In
}

func (c *call[In, Out]) Node() *task.Node { return &c.node }

func (c *call[In, Out]) Name() string { return c.f.name }

// Idempotent reports whether the call may be run again when it was lost.
func (c *call[In, Out]) Idempotent() bool { return c.f.idempotent }

func (c *call[In, Out]) Run(ctx context.Context) {
	c.run(ctx, func(ctx context.Context) (Out, error) { return c.f.Local(ctx, c.in) })
}

func (c *call[In, Out]) Abandon(cause error) { c.fail(cause) }

func (c *call[In, Out]) AppendInput(dst []byte, codec Codec) ([]byte, error) {
	dst, err := c.f.chosen(codec).Append(dst, c.in)
	if err != nil {
		return dst, fmt.Errorf("quartet: encoding the input of %q: %w", c.f.name, err)
	}
	return dst, nil
}

func (c *call[In, Out]) Resolve(output []byte, codec Codec, err error) {
	var out Out
	if err == nil {
		if err = c.f.chosen(codec).Decode(output, &out); err != nil {
			out, err = *new(Out), fmt.Errorf("quartet: decoding the output of %q: %w", c.f.name, err)
		}
	}
	c.settle(out, err)
}
