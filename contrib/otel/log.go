package otel

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/trace"

	"github.com/quartet-go/quartet"
)

// LogHandler returns a slog.Handler that describes the task that logs. It adds executor, func,
// label and task to each record of a task that [Telemetry.Around] runs, adds trace_id and span_id
// if the context has a span, and hands the record to h. Log with the task's context, as by
// slog.InfoContext(ctx, …). It panics on a nil h.
func LogHandler(h slog.Handler) slog.Handler {
	if h == nil {
		panic("otel: LogHandler of a nil Handler")
	}
	return &logHandler{h}
}

type logHandler struct{ slog.Handler }

// Handle implements slog.Handler. The record is cloned, as slog demands of a handler that adds to
// it.
func (h *logHandler) Handle(ctx context.Context, r slog.Record) error {
	r = r.Clone()
	if info, ok := ctx.Value(infoKey{}).(quartet.Info); ok {
		r.AddAttrs(slog.String("executor", info.Executor), slog.Uint64("task", info.Task))
		if info.Func != "" {
			r.AddAttrs(slog.String("func", info.Func))
		}
		if info.Label != "" {
			r.AddAttrs(slog.String("label", info.Label))
		}
	}
	if s := trace.SpanContextFromContext(ctx); s.IsValid() {
		r.AddAttrs(slog.String("trace_id", s.TraceID().String()), slog.String("span_id", s.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &logHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler. The attributes of the task are then in the group.
func (h *logHandler) WithGroup(name string) slog.Handler {
	return &logHandler{h.Handler.WithGroup(name)}
}

// infoKey is the key of the Info of the task that a context belongs to.
type infoKey struct{}
