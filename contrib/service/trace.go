package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/quartet-go/quartet"
	quartetotel "github.com/quartet-go/quartet/contrib/otel"
	"github.com/quartet-go/quartet/procpool"
)

// traceTo has the spans of this process written to w. WithSyncer writes each span as it ends, which
// is right for a demonstration; a service batches.
func traceTo(w io.Writer) {
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSyncer(writer{w})))
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{},
		propagation.Baggage{}))
}

// prepareWorkers has each worker process trace its calls. A worker's standard output goes to the
// pool's OnOutput. It must come before procpool.Init, as that runs the hooks in a worker.
func prepareWorkers() {
	procpool.WorkerInit(func() error { traceTo(os.Stdout); return nil })
	procpool.WorkerAround(quartetotel.New(quartetotel.Config{Kind: trace.SpanKindServer}).Around)
}

// traced gives each request a span, in the trace that the client names, and the tasks of the
// request a label.
func traced(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The path is a fixed one here. Where it holds numbers of users, name the span by the
		// pattern of the mux.
		name := r.Method + " " + r.URL.Path
		ctx := otel.GetTextMapPropagator().Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := otel.Tracer("service").Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		next.ServeHTTP(w, r.WithContext(quartet.Label(ctx, name)))
	})
}

// writer is an exporter that writes a line for each span.
type writer struct{ io.Writer }

// ExportSpans implements sdktrace.SpanExporter.
func (w writer) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, s := range spans {
		c := s.SpanContext()
		_, err := fmt.Fprintf(w, "%s %s in %s process %d: %s %v\n", c.TraceID(), c.SpanID(), s.Parent().SpanID(),
			os.Getpid(), s.Name(),
			s.EndTime().Sub(s.StartTime()).Round(time.Microsecond))
		if err != nil {
			return err
		}
	}
	return nil
}

// Shutdown implements sdktrace.SpanExporter.
func (writer) Shutdown(context.Context) error { return nil }
