package otel

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/trace"

	"github.com/quartet-go/quartet"
)

// Wrap returns an Executor that submits to ex, with a span around each call, from the submit to the
// outcome: for process pools and machines, where the function's own span is made elsewhere and may
// be lost with its worker. Nested calls go through it too. It panics on a nil ex.
func (t *Telemetry) Wrap(ex quartet.Executor) quartet.Executor {
	if ex == nil {
		panic("otel: Wrap of a nil Executor")
	}
	name := fmt.Sprintf("%T", ex)
	if n, ok := quartet.As[interface{ Name() string }](ex); ok {
		name = n.Name()
	}
	return &wrapper{Executor: ex, tel: t, name: name}
}

// Everything but SubmitCall is the inner executor's.
type wrapper struct {
	quartet.Executor
	tel  *Telemetry
	name string
}

// Unwrap returns the executor inside, for quartet.As.
func (w *wrapper) Unwrap() quartet.Executor { return w.Executor }

// SubmitCall submits c with a span, which ends with the call, or with its refusal.
func (w *wrapper) SubmitCall(ctx context.Context, c quartet.Call) error {
	if c == nil {
		panic("otel: SubmitCall of a nil Call")
	}
	ctx, span := w.tel.tracer.Start(ctx, nameOf(c.Name(), ""), trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attributes(quartet.Info{Executor: w.name, Func: c.Name()})...))
	// Current is the wrapper, so that the function's own calls have spans, too.
	err := w.Executor.SubmitCall(quartet.WithCurrent(ctx, w), &spanned{c, span})
	if err != nil {
		finish(span, err)
	}
	return err
}

// spanned is a call that ends its span. A call has one outcome, so the span ends once. It is the
// executor's view of the call; quartet.As finds through it what the call offers besides.
type spanned struct {
	quartet.Call
	span trace.Span
}

// Unwrap returns the call inside, for quartet.As.
func (c *spanned) Unwrap() quartet.Call { return c.Call }

func (c *spanned) Run(ctx context.Context) {
	defer c.span.End()
	c.Call.Run(ctx)
}

func (c *spanned) Abandon(cause error) {
	c.Call.Abandon(cause)
	finish(c.span, cause)
}

func (c *spanned) Resolve(output []byte, codec quartet.Codec, err error) {
	c.Call.Resolve(output, codec, err)
	finish(c.span, err)
}
