package quartet

import (
	"context"
	"fmt"

	"github.com/quartet-go/quartet/internal/task"
)

// call is one call of a Func on its way: the future, and what the far side needs. Only the executor
// sees it as a Call; the caller gets the Future inside. Both Run and Resolve may end it: Run in
// this process, Resolve where it ran elsewhere.
//
// Whichever of Run, Resolve and Abandon comes first ends it. settle keeps the first outcome, so the
// others, should they come, change nothing.
type call[In, Out any] struct {
	Future[Out]
	f  *Func[In, Out]
	in In // until the end; guarded by the future's lock
}

// callBundle is a call with its task's context. The caller gets the Future in it, which keeps the
// context's memory alive too. So it is made only where that keeps nothing of a foreign context, or
// where nobody outside keeps the Future (Do, Map).
type callBundle[In, Out any] struct {
	call[In, Out]
	ctx task.Ctx
}

// placeCall is place for a call.
func placeCall[In, Out any](ctx context.Context) (*call[In, Out], *task.Ctx) {
	if holdsNothing(ctx) {
		b := &callBundle[In, Out]{}
		return &b.call, &b.ctx
	}
	return &call[In, Out]{}, &task.Ctx{}
}

// handOver submits c. The error is a refusal, which the future carries too. Abandon after a refusal
// settles a future that no executor has: its node may still be fresh, or settled at an executor
// that then said no.
func (c *call[In, Out]) handOver(ex Executor) (*Future[Out], error) {
	err := ex.SubmitCall(c.node.Context(), c)
	if err != nil {
		c.Abandon(err)
	}
	return &c.Future, err
}

// Node makes it a task.Noder: an executor of this module queues the call's own node, and needs no
// second one.
func (c *call[In, Out]) Node() *task.Node { return &c.node }

func (c *call[In, Out]) Name() string { return c.f.name }

// Idempotent reports whether the call may be run again when it was lost.
func (c *call[In, Out]) Idempotent() bool { return c.f.idempotent }

// input returns what the function is to get. Once the call has ended it is gone, as nobody will ask
// for it. The lock is needed since an executor may encode the input on any goroutine, while the
// call is being cancelled.
func (c *call[In, Out]) input() In {
	c.hooks.Lock()
	defer c.hooks.Unlock()
	return c.in
}

// forget drops the input. A future that somebody keeps would otherwise keep the input as long. It
// comes after settle: until then an executor may ask for the input to send the call again.
func (c *call[In, Out]) forget() {
	c.hooks.Lock()
	defer c.hooks.Unlock()
	c.in = *new(In)
}

// Run of a call that has been cancelled does nothing: begin says so.
func (c *call[In, Out]) Run(ctx context.Context) {
	if c.begin(ctx) {
		c.run(ctx, c)
	}
}

// call calls the function, and keeps nothing of the input alive. No lock: it has begun, and whoever
// begins it is the only one to ask for the input.
func (c *call[In, Out]) call(ctx context.Context) (Out, error) {
	in := c.in
	c.in = *new(In)
	return c.f.Local(ctx, in)
}

func (c *call[In, Out]) Abandon(cause error) {
	c.fail(cause)
	c.forget()
}

// AppendInput may be called more than once, when a call is sent again after its worker has died. It
// must not change the input.
func (c *call[In, Out]) AppendInput(dst []byte, codec Codec) ([]byte, error) {
	dst, err := appendTo(dst, c.f.chosen(codec), c.input())
	if err != nil {
		return dst, fmt.Errorf("quartet: encoding the input of %q: %w", c.f.name, err)
	}
	return dst, nil
}

// An output that does not fit its type is the call's error, and no fault of the executor's. It
// decodes on the goroutine of the executor that brings the output.
func (c *call[In, Out]) Resolve(output []byte, codec Codec, err error) {
	var out Out
	if err == nil {
		if err = c.f.chosen(codec).Decode(output, &out); err != nil {
			out, err = *new(Out), fmt.Errorf("quartet: decoding the output of %q: %w", c.f.name, err)
		}
	}
	// forget comes last: until the call has ended, an executor may encode the input once more.
	c.resolve(out, err)
	c.forget()
}
