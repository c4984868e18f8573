package otel

import (
	"cmp"
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/quartet-go/quartet"
)

// scope is the name of the instrumentation.
const scope = "github.com/quartet-go/quartet/contrib/otel"

// Config of a [Telemetry]. Its zero value uses the global providers.
type Config struct {
	// TracerProvider makes the spans. Default: otel's global one, also if that is set later.
	TracerProvider trace.TracerProvider
	// MeterProvider reports the metrics of Measure. Default: otel's global one.
	MeterProvider metric.MeterProvider
	// Kind is the kind of the spans of tasks. Default: internal. In a worker process it is server,
	// as what Wrap makes in the caller is client.
	Kind trace.SpanKind
}

// Telemetry records the tasks of any number of executors. Make it with [New]. Its methods may be
// called from any goroutine.
//
// Events carry no context, and Around has no time of the submit. So Observe notes that time, and
// Around fetches it by executor and number. An entry goes when its task starts, or ends without a
// start.
type Telemetry struct {
	tracer trace.Tracer
	meter  metric.Meter
	kind   trace.SpanKind

	// mu guards queued. No span is begun or ended under it.
	mu sync.Mutex
	// It holds as many entries as tasks are queued, as long as each task that is observed also
	// starts within Around, or ends.
	queued map[taskKey]time.Time // since when; of tasks that have not started
}

// taskKey is a task of an executor.
type taskKey struct {
	executor string
	task     uint64
}

var _ quartet.Observer = (*Telemetry)(nil)

// New returns a Telemetry.
func New(cfg Config) *Telemetry {
	if cfg.TracerProvider == nil {
		cfg.TracerProvider = otel.GetTracerProvider()
	}
	if cfg.MeterProvider == nil {
		cfg.MeterProvider = otel.GetMeterProvider()
	}
	return &Telemetry{
		tracer: cfg.TracerProvider.Tracer(scope),
		meter:  cfg.MeterProvider.Meter(scope),
		kind:   cmp.Or(cfg.Kind, trace.SpanKindInternal),
		queued: make(map[taskKey]time.Time),
	}
}

// Observe implements quartet.Observer: it remembers when a task was queued, until it starts or
// ends.
func (t *Telemetry) Observe(e quartet.Event) {
	k := taskKey{e.Executor, e.Task}
	switch e.Kind {
	case quartet.EventQueued:
		t.mu.Lock()
		t.queued[k] = e.At
		t.mu.Unlock()
	case quartet.EventEnded:
		t.mu.Lock()
		delete(t.queued, k)
		t.mu.Unlock()
	}
}

// submitted returns when the task was submitted, if that is known: by the Observer here, or by the
// caller's process. The entry is deleted in any case: the task starts now.
func (t *Telemetry) submitted(ctx context.Context, info quartet.Info) (at time.Time, ok bool) {
	k := taskKey{info.Executor, info.Task}
	t.mu.Lock()
	at, ok = t.queued[k]
	delete(t.queued, k)
	t.mu.Unlock()
	if !ok {
		at, ok = submittedElsewhere(ctx)
	}
	return at, ok
}

// Around is Config.Around of an executor: it runs the task in a span, a child of the submitter's.
// The span begins at the submit, so that the wait in the queue is part of it, as a child of its
// own. Clocks of other machines may be ahead, so a begin after the start counts as the start. It
// runs on the task's goroutine. The function's panic passes through, after the span has ended.
func (t *Telemetry) Around(ctx context.Context, info quartet.Info, run func(context.Context) error) (err error) {
	started := time.Now()
	begin, queued := t.submitted(ctx, info)
	if !queued || begin.After(started) {
		begin = started
	}
	ctx, span := t.tracer.Start(arrived(ctx), nameOf(info.Func, info.Label), trace.WithSpanKind(t.kind),
		trace.WithTimestamp(begin),
		trace.WithAttributes(attributes(info)...))
	if begin.Before(started) {
		_, queue := t.tracer.Start(ctx, "queue", trace.WithTimestamp(begin))
		queue.End(trace.WithTimestamp(started))
	}
	returned := false
	defer func() {
		if !returned {
			panicking(span, recover())
		}
	}()
	err = run(context.WithValue(ctx, infoKey{}, info))
	returned = true
	finish(span, err)
	return err
}

// nameOf returns the name of a task's span.
func nameOf(fn, label string) string { return cmp.Or(fn, label, "task") }

// The attributes of spans and metrics.
const (
	executorKey = attribute.Key("quartet.executor")
	funcKey     = attribute.Key("code.function.name")
	labelKey    = attribute.Key("quartet.label")
	taskIDKey   = attribute.Key("quartet.task")
	stateKey    = attribute.Key("quartet.state")
	outcomeKey  = attribute.Key("quartet.outcome")
)

// attributes are those of a span. code.function.name is OpenTelemetry's own name; the others are
// this module's.
func attributes(info quartet.Info) []attribute.KeyValue {
	all := []attribute.KeyValue{executorKey.String(info.Executor), taskIDKey.Int64(int64(info.Task))}
	if info.Func != "" {
		all = append(all, funcKey.String(info.Func))
	}
	if info.Label != "" {
		all = append(all, labelKey.String(info.Label))
	}
	return all
}
