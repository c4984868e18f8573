package otel

import (
	"errors"
	"fmt"
	"runtime/debug"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/quartet-go/quartet"
)

// finish ends the span with the function's error.
func finish(span trace.Span, err error) {
	if err != nil {
		span.RecordError(err)
		span.SetStatus(codes.Error, err.Error())
		if p, ok := errors.AsType[*quartet.PanicError](err); ok {
			span.SetAttributes(stackKey.String(string(p.Stack)))
		}
	}
	span.End()
}

// The attributes of an exception, as OpenTelemetry names them.
const stackKey = attribute.Key("exception.stacktrace")

// panicking records that the function has not returned, and lets the panic go on. A nil value is
// runtime.Goexit. It is called in a deferred call, with what recover gave; the panic goes on with
// the same value, and the stack is in the span, as the new panic's own begins here.
func panicking(span trace.Span, value any) {
	if value == nil {
		finish(span, quartet.ErrGoexit)
		return
	}
	span.AddEvent("exception", trace.WithAttributes(
		attribute.String("exception.type", fmt.Sprintf("%T", value)),
		attribute.String("exception.message", fmt.Sprint(value)),
		stackKey.String(string(debug.Stack())),
		attribute.Bool("exception.escaped", true),
	))
	span.SetStatus(codes.Error, fmt.Sprintf("panic: %v", value))
	span.End()
	panic(value)
}
