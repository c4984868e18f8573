package otel_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet"
	quartetotel "github.com/quartet-go/quartet/contrib/otel"
	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/procpool"
	"github.com/quartet-go/quartet/workerpool"
)

func TestMain(m *testing.M) {
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{},
		propagation.Baggage{}))
	prepareWorkers()
	procpool.Init()
	goleak.VerifyTestMain(m)
}

// recorder keeps the spans of a test.
type recorder struct {
	tel      *quartetotel.Telemetry
	provider *sdktrace.TracerProvider
	spans    *tracetest.InMemoryExporter
}

func record(t *testing.T) *recorder {
	r := &recorder{spans: tracetest.NewInMemoryExporter()}
	r.provider = sdktrace.NewTracerProvider(sdktrace.WithSyncer(r.spans))
	t.Cleanup(func() { require.NoError(t, r.provider.Shutdown(context.Background())) })
	r.tel = quartetotel.New(quartetotel.Config{TracerProvider: r.provider})
	return r
}

// root returns a context with a span, as a server's handler has one.
func (r *recorder) root(t *testing.T) (context.Context, trace.Span) {
	return r.provider.Tracer("test").Start(t.Context(), "GET /")
}

func (r *recorder) named(t *testing.T, name string) tracetest.SpanStub {
	t.Helper()
	for _, s := range r.spans.GetSpans() {
		if s.Name == name {
			return s
		}
	}
	require.Fail(t, "no span", name)
	return tracetest.SpanStub{}
}

func attributesOf(s tracetest.SpanStub) map[attribute.Key]attribute.Value {
	all := make(map[attribute.Key]attribute.Value)
	for _, a := range s.Attributes {
		all[a.Key] = a.Value
	}
	return all
}

var twice = quartet.Define("otel_test.twice", func(_ context.Context, n int) (int, error) { return 2 * n, nil })

func TestATaskIsASpanFromItsSubmitToItsEnd(t *testing.T) {
	r := record(t)
	pool := workerpool.New(workerpool.Config{Name: "thumbs", Workers: 1, Around: r.tel.Around, Observer: r.tel})
	ctx, root := r.root(t)
	gate := make(chan struct{})
	first := quartet.Go(ctx, pool, func(context.Context) (int, error) { <-gate; return 0, nil })
	queued := twice.Go(quartet.Label(ctx, "page 7"), pool, 21)
	time.AfterFunc(2*time.Millisecond, func() { close(gate) })
	_, err := first.Await(ctx)
	require.NoError(t, err)
	n, err := queued.Await(ctx)
	require.NoError(t, err)
	require.Equal(t, 42, n)
	root.End()
	require.NoError(t, pool.Close())

	task, queue := r.named(t, "otel_test.twice"), tracetest.SpanStub{}
	for _, s := range r.spans.GetSpans() {
		if s.Name == "queue" && s.Parent.SpanID() == task.SpanContext.SpanID() {
			queue = s
		}
	}
	require.Equal(t, root.SpanContext().SpanID(), task.Parent.SpanID())
	require.Equal(t, task.StartTime, queue.StartTime)
	require.GreaterOrEqual(t, queue.EndTime.Sub(queue.StartTime), time.Millisecond, "it waited for the first task")
	require.False(t, queue.EndTime.After(task.EndTime))
	a := attributesOf(task)
	require.Equal(t, "thumbs", a["quartet.executor"].AsString())
	require.Equal(t, "otel_test.twice", a["code.function.name"].AsString())
	require.Equal(t, "page 7", a["quartet.label"].AsString())
	require.EqualValues(t, 2, a["quartet.task"].AsInt64())
}

func TestTheContextOfATaskHasItsSpan(t *testing.T) {
	r := record(t)
	loop := eventloop.New(eventloop.Config{Around: r.tel.Around, Observer: r.tel})
	loop.Start()
	ctx, root := r.root(t)
	_, err := quartet.Do(quartet.Label(ctx, "outer"), loop, func(ctx context.Context) (int, error) {
		return quartet.Do(quartet.Label(ctx, "inner"), loop, func(context.Context) (int, error) { return 1, nil })
	})
	require.NoError(t, err)
	root.End()
	require.NoError(t, loop.Close())
	outer, inner := r.named(t, "outer"), r.named(t, "inner")
	require.Equal(t, root.SpanContext().TraceID(), inner.SpanContext.TraceID())
	require.Equal(t, outer.SpanContext.SpanID(), inner.Parent.SpanID())
}

var errWhy = errors.New("why")

func TestHowATaskFailedIsOnItsSpan(t *testing.T) {
	for name, c := range map[string]struct {
		fn     func()
		err    error
		status string
		stack  bool
	}{
		"error":  {nil, errWhy, "why", false},
		"panic":  {func() { panic("broken") }, nil, "panic: broken", true},
		"goexit": {runtime.Goexit, quartet.ErrGoexit, quartet.ErrGoexit.Error(), false},
	} {
		t.Run(name, func(t *testing.T) {
			r := record(t)
			pool := workerpool.New(workerpool.Config{Around: r.tel.Around, OnPanic: func(error) {}})
			f := quartet.Go(quartet.Label(t.Context(), "bad"), pool, func(context.Context) (int, error) {
				if c.fn != nil {
					c.fn()
				}
				return 0, errWhy
			})
			_, err := f.Await(t.Context())
			if c.err != nil {
				require.ErrorIs(t, err, c.err)
			}
			require.NoError(t, pool.Close())
			s := r.named(t, "bad")
			require.Equal(t, codes.Error, s.Status.Code)
			require.Equal(t, c.status, s.Status.Description)
			require.Len(t, s.Events, 1)
			require.Equal(t, "exception", s.Events[0].Name)
			if c.stack {
				p, ok := errors.AsType[*quartet.PanicError](err)
				require.True(t, ok, err)
				require.Contains(t, string(p.Stack), "TestHowATaskFailedIsOnItsSpan",
					"the stack is the task's own, in spite of the span")
				require.Contains(t, fmt.Sprint(s.Events[0].Attributes), "TestHowATaskFailedIsOnItsSpan")
			}
		})
	}
}

func TestAnAbandonedTaskLeavesNothing(t *testing.T) {
	r := record(t)
	pool := workerpool.New(workerpool.Config{Workers: 1, Around: r.tel.Around, Observer: r.tel})
	gate := make(chan struct{})
	running := quartet.Go(t.Context(), pool, func(context.Context) (int, error) { <-gate; return 0, nil })
	queued := quartet.Go(quartet.Label(t.Context(), "abandoned"), pool, func(context.Context) (int, error) {
		return 0, nil
	})
	require.True(t, queued.Cancel(nil))
	close(gate)
	_, err := running.Await(t.Context())
	require.NoError(t, err)
	require.NoError(t, pool.Close())
	require.Len(t, r.spans.GetSpans(), 2, "the running task and its wait in the queue")
}

// where returns the trace in which the function runs, and its baggage.
var where = quartet.Define("otel_test.where", func(ctx context.Context, _ int) ([]string, error) {
	s := trace.SpanContextFromContext(ctx)
	return []string{s.TraceID().String(), s.SpanID().String(), baggage.FromContext(ctx).Member("tenant").Value()}, nil
})

func TestTheTraceTravelsWithACall(t *testing.T) {
	r := record(t)
	ctx, root := r.root(t)
	defer root.End()
	member, err := baggage.NewMember("tenant", "acme")
	require.NoError(t, err)
	bag, err := baggage.New(member)
	require.NoError(t, err)
	ctx = baggage.ContextWithBaggage(ctx, bag)

	calls := r.tel.Wrap(quartet.Serialized(quartet.Inline()))
	got, err := where.Do(ctx, calls, 0)
	require.NoError(t, err)
	client := r.named(t, "otel_test.where")
	require.Equal(t, trace.SpanKindClient, client.SpanKind)
	require.Equal(t, root.SpanContext().SpanID(), client.Parent.SpanID())
	require.Equal(t, []string{root.SpanContext().TraceID().String(), client.SpanContext.SpanID().String(), "acme"}, got)
}

func TestWrapShowsRefusals(t *testing.T) {
	r := record(t)
	pool := workerpool.New(workerpool.Config{Name: "closed"})
	require.NoError(t, pool.Close())
	_, err := twice.Do(t.Context(), r.tel.Wrap(pool), 1)
	require.ErrorIs(t, err, quartet.ErrClosed)
	s := r.named(t, "otel_test.twice")
	require.Equal(t, codes.Error, s.Status.Code)
	require.Equal(t, "closed", attributesOf(s)["quartet.executor"].AsString())
	require.PanicsWithValue(t, "otel: Wrap of a nil Executor", func() { r.tel.Wrap(nil) })
}

func TestMeasure(t *testing.T) {
	reader := metric.NewManualReader()
	tel := quartetotel.New(quartetotel.Config{MeterProvider: metric.NewMeterProvider(metric.WithReader(reader))})
	pool := workerpool.New(workerpool.Config{Name: "thumbs", Workers: 3})
	defer func() { require.NoError(t, pool.Close()) }()
	loop := eventloop.New(eventloop.Config{})
	loop.Start()
	defer func() { require.NoError(t, loop.Close()) }()
	require.NoError(t, quartet.Run(t.Context(), pool, func(context.Context) error { return nil }))
	stop, err := tel.Measure(quartet.Serialized(pool), loop)
	require.NoError(t, err)

	got := collect(t, reader)
	require.Equal(t, map[string]float64{
		"thumbs queued": 0, "thumbs running": 0, "thumbs waiting": 0, "eventloop queued": 0, "eventloop running": 0,
		"eventloop waiting": 0,
	}, got["quartet.executor.tasks"])
	require.InDelta(t, 1, got["quartet.executor.tasks.ended"]["thumbs done"], 0)
	require.InDelta(t, 3, got["quartet.executor.tasks.limit"]["thumbs"], 0)
	require.Contains(t, got["nodejs.eventloop.utilization"], "eventloop")
	require.Contains(t, got["nodejs.eventloop.delay.p99"], "eventloop")
	require.NotContains(t, got["nodejs.eventloop.delay.p99"], "thumbs")

	require.NoError(t, stop())
	require.Empty(t, collect(t, reader))
	_, err = tel.Measure(nil)
	require.EqualError(t, err, "otel: Measure: executor 0 is nil")
}

// collect returns the values of each metric by executor and, where there is one, state or outcome.
func collect(t *testing.T, reader *metric.ManualReader) map[string]map[string]float64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	got := make(map[string]map[string]float64)
	add := func(name string, set attribute.Set, v float64) {
		if got[name] == nil {
			got[name] = make(map[string]float64)
		}
		var key strings.Builder
		for _, k := range []attribute.Key{"quartet.executor", "quartet.state", "quartet.outcome"} {
			if v, ok := set.Value(k); ok {
				key.WriteString(" " + v.AsString())
			}
		}
		got[name][key.String()[1:]] = v
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					add(m.Name, p.Attributes, float64(p.Value))
				}
			case metricdata.Gauge[float64]:
				for _, p := range data.DataPoints {
					add(m.Name, p.Attributes, p.Value)
				}
			}
		}
	}
	return got
}

func TestLogsSayWhoLogs(t *testing.T) {
	r := record(t)
	var b strings.Builder
	log := slog.New(quartetotel.LogHandler(slog.NewJSONHandler(&b, nil))).With("service", "thumbs")
	pool := workerpool.New(workerpool.Config{Name: "small", Around: r.tel.Around})
	require.NoError(t, quartet.Run(quartet.Label(t.Context(), "page 7"), pool, func(ctx context.Context) error {
		log.InfoContext(ctx, "resized")
		return nil
	}))
	require.NoError(t, pool.Close())
	log.Info("outside")
	span := r.named(t, "page 7").SpanContext
	var in, out map[string]any
	lines := strings.Split(b.String(), "\n")
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &in))
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &out))
	for _, m := range []map[string]any{in, out} {
		delete(m, "time")
	}
	require.Equal(t, map[string]any{
		"level": "INFO", "msg": "resized", "service": "thumbs", "executor": "small", "label": "page 7", "task": 1.0,
		"trace_id": span.TraceID().String(), "span_id": span.SpanID().String(),
	}, in)
	require.Equal(t, map[string]any{"level": "INFO", "msg": "outside", "service": "thumbs"}, out)
	require.Panics(t, func() { quartetotel.LogHandler(nil) })
}

func ExampleTelemetry_Around() {
	spans := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	tel := quartetotel.New(quartetotel.Config{TracerProvider: provider})
	pool := workerpool.New(workerpool.Config{Name: "thumbs", Around: tel.Around, Observer: tel})
	_, _ = twice.Do(context.Background(), pool, 21)
	_ = pool.Close()
	for _, s := range spans.GetSpans() {
		if s.Name != "queue" {
			fmt.Println(s.Name, s.Status.Code)
		}
	}
	// Output: otel_test.twice Unset
}

// A log line of a task says whose it is.
func ExampleLogHandler() {
	spans := sdktrace.NewTracerProvider(sdktrace.WithSyncer(tracetest.NewInMemoryExporter()))
	tel := quartetotel.New(quartetotel.Config{TracerProvider: spans})
	pool := workerpool.New(workerpool.Config{Name: "thumbs", Around: tel.Around})
	log := slog.New(quartetotel.LogHandler(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			switch a.Key {
			case slog.TimeKey, "trace_id", "span_id":
				return slog.Attr{}
			}
			return a
		},
	})))
	ctx := quartet.Label(context.Background(), "page 7")
	_ = quartet.Run(ctx, pool, func(ctx context.Context) error {
		log.InfoContext(ctx, "resized")
		return nil
	})
	_ = pool.Close()
	// Output: level=INFO msg=resized executor=thumbs task=1 label="page 7"
}

// Wrap makes a span of each call, from the submit to the outcome, as the caller sees it.
func ExampleTelemetry_Wrap() {
	spans := tracetest.NewInMemoryExporter()
	tel := quartetotel.New(quartetotel.Config{TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))})
	pool := workerpool.New(workerpool.Config{})
	_, err := twice.Do(context.Background(), tel.Wrap(pool), 21)
	_ = pool.Close()
	fmt.Println(len(spans.GetSpans()), spans.GetSpans()[0].Name, err)
	// Output: 1 otel_test.twice <nil>
}

// Measure reports the numbers of an executor whenever the metrics are read.
func ExampleTelemetry_Measure() {
	reader := metric.NewManualReader()
	tel := quartetotel.New(quartetotel.Config{MeterProvider: metric.NewMeterProvider(metric.WithReader(reader))})
	pool := workerpool.New(workerpool.Config{Name: "thumbs"})
	stop, err := tel.Measure(pool)
	fmt.Println(err)
	var read metricdata.ResourceMetrics
	_ = reader.Collect(context.Background(), &read)
	fmt.Println(len(read.ScopeMetrics) > 0)
	fmt.Println(stop(), pool.Close())
	// Output:
	// <nil>
	// true
	// <nil> <nil>
}
