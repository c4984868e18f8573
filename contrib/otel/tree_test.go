package otel_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/quartet-go/quartet"
	quartetotel "github.com/quartet-go/quartet/contrib/otel"
	"github.com/quartet-go/quartet/procpool"
	"github.com/quartet-go/quartet/workerpool"
)

// span is a span as processes tell each other of it.
type span struct{ Name, Trace, Span, Parent, Baggage string }

func spanOf(s tracetest.SpanStub) span {
	v := span{Name: s.Name, Trace: s.SpanContext.TraceID().String(), Span: s.SpanContext.SpanID().String()}
	if s.Parent.SpanID().IsValid() {
		v.Parent = s.Parent.SpanID().String()
	}
	if s.SpanKind != trace.SpanKindInternal {
		v.Name += ", " + s.SpanKind.String()
	}
	return v
}

// inWorker are the spans of a Go worker: a process of its own, with providers of its own.
var inWorker = tracetest.NewInMemoryExporter()

// prepareWorkers has each Go worker record its calls. It is called before procpool.Init.
func prepareWorkers() {
	procpool.WorkerInit(func() error {
		otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSyncer(inWorker)))
		return nil
	})
	procpool.WorkerAround(quartetotel.New(quartetotel.Config{Kind: trace.SpanKindServer}).Around)
}

var (
	resize = quartet.Define("otel_test.resize", func(ctx context.Context, width int) (string, error) {
		_, s := otel.Tracer("app").Start(ctx, "decode in Go")
		s.End()
		return baggage.FromContext(ctx).Member("tenant").Value(), nil
	})
	// recorded returns what a worker has recorded until now.
	recorded = quartet.Define("otel_test.recorded", func(context.Context, struct{}) (all []span, err error) {
		for _, s := range inWorker.GetSpans() {
			all = append(all, spanOf(s))
		}
		return all, nil
	})
	caption = quartet.Declare[string, span]("otel_test.caption") // in testdata/captions.py
)

// thumbs is a service: each request is a task of a pool, which calls a function in Go and one in
// Python, each in a process.
type thumbs struct {
	tracer   trace.Tracer
	pool     quartet.Runner
	resizers quartet.Executor
	captions quartet.Executor // nil: no Python
	python   chan span
}

func (s *thumbs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := otel.GetTextMapPropagator().Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, root := s.tracer.Start(ctx, "GET /thumb", trace.WithSpanKind(trace.SpanKindServer))
	defer root.End()
	err := quartet.Run(quartet.Label(ctx, "thumb"), s.pool, func(ctx context.Context) error {
		tenant, err := resize.Do(ctx, s.resizers, 64)
		if err != nil {
			return err
		}
		if s.captions != nil {
			said, err := caption.Do(ctx, s.captions, tenant)
			if err != nil {
				return err
			}
			s.python <- said
		}
		_, err = fmt.Fprint(w, tenant)
		return err
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func TestOneRequestIsOneTree(t *testing.T) {
	r := record(t)
	resizers, err := procpool.New(procpool.Config{Name: "resizers", Workers: 1})
	require.NoError(t, err)
	s := &thumbs{
		tracer:   r.provider.Tracer("test"),
		pool:     workerpool.New(workerpool.Config{Name: "thumbs", Around: r.tel.Around, Observer: r.tel}),
		resizers: r.tel.Wrap(resizers), python: make(chan span, 1),
	}
	stop := []quartet.Stopper{s.pool, resizers}
	const (
		begins = "\nthe client\n  GET /thumb, server\n    thumb\n"
		python = "      otel_test.caption, client\n        caption in Python\n"
		inGo   = "      otel_test.resize, client\n        otel_test.resize, server\n          decode in Go\n"
	)
	t.Run("Go", func(t *testing.T) { require.Equal(t, begins+inGo, s.treeOfARequest(t, r, resizers)) })
	t.Run("Python", func(t *testing.T) {
		if _, err := exec.LookPath("python3"); err != nil {
			t.Skip("no python3 is installed")
		}
		captions, err := procpool.New(procpool.Python("testdata/captions.py"))
		require.NoError(t, err)
		stop = append(stop, captions)
		s.captions = r.tel.Wrap(captions)
		require.Equal(t, begins+python+inGo, s.treeOfARequest(t, r, resizers))
	})
	require.NoError(t, quartet.Stop(context.Background(), stop...))
}

// treeOfARequest sends one request, and returns the tree of its spans, but those of queues,
// siblings by name.
func (s *thumbs) treeOfARequest(t *testing.T, r *recorder, resizers *procpool.Pool) string {
	r.spans.Reset()
	server := httptest.NewServer(s)
	defer server.Close()
	ctx, root := r.provider.Tracer("test").Start(t.Context(), "the client")
	member, err := baggage.NewMember("tenant", "acme")
	require.NoError(t, err)
	bag, err := baggage.New(member)
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
	require.NoError(t, err)
	otel.GetTextMapPropagator().Inject(baggage.ContextWithBaggage(ctx, bag), propagation.HeaderCarrier(req.Header))
	answer, err := server.Client().Do(req)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	root.End()

	all, err := recorded.Do(t.Context(), resizers, struct{}{})
	require.NoError(t, err)
	if s.captions != nil {
		said := <-s.python
		require.Equal(t, "tenant=acme", said.Baggage)
		all = append(all, said)
	}
	for _, stub := range r.spans.GetSpans() {
		all = append(all, spanOf(stub))
	}
	all = slices.DeleteFunc(all, func(v span) bool { return v.Trace != root.SpanContext().TraceID().String() })
	queues := 0
	for _, v := range all {
		if v.Name == "queue" {
			queues++
		}
	}
	require.Equal(t, 2, queues, "the pool's, and that of the Go worker")
	return "\n" + tree(all, "", "")
}

// tree writes the children of a span, each with its own indented below it.
func tree(all []span, parent, indent string) string {
	var names []string
	children := map[string]string{}
	for _, v := range all {
		if v.Parent == parent && v.Name != "queue" {
			names = append(names, v.Name)
			children[v.Name] = tree(all, v.Span, indent+"  ")
		}
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		b.WriteString(indent + name + "\n" + children[name])
	}
	return b.String()
}
