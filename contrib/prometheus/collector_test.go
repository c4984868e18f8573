package prometheus_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	prom "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/contrib/prometheus"
	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/procpool"
	"github.com/quartet-go/quartet/workerpool"
)

func TestMain(m *testing.M) {
	procpool.Init()
	goleak.VerifyTestMain(m)
}

var errWhy = errors.New("why")

// busy returns a pool with one task done and one failed, under the name "thumbs".
func busy(t *testing.T) *workerpool.Pool {
	t.Helper()
	pool := workerpool.New(workerpool.Config{Name: "thumbs", Workers: 3, ExactTimes: true})
	t.Cleanup(func() { require.NoError(t, pool.Close()) })
	for _, err := range []error{nil, errWhy} {
		require.ErrorIs(t, quartet.Run(t.Context(), pool, func(context.Context) error { return err }), err)
	}
	return pool
}

func TestMetricsAreTheExecutorsNumbers(t *testing.T) {
	pool := busy(t)
	require.NoError(t, testutil.CollectAndCompare(prometheus.NewCollector(quartet.Serialized(pool)), strings.NewReader(`
# HELP quartet_tasks_ended_total Tasks that have ended, by outcome: done, failed, abandoned before their start.
# TYPE quartet_tasks_ended_total counter
quartet_tasks_ended_total{executor="thumbs",outcome="abandoned"} 0
quartet_tasks_ended_total{executor="thumbs",outcome="done"} 1
quartet_tasks_ended_total{executor="thumbs",outcome="failed"} 1
# HELP quartet_tasks_submitted_total Tasks accepted.
# TYPE quartet_tasks_submitted_total counter
quartet_tasks_submitted_total{executor="thumbs"} 2
# HELP quartet_tasks_limit Tasks that may run at once.
# TYPE quartet_tasks_limit gauge
quartet_tasks_limit{executor="thumbs"} 3
`), "quartet_tasks_ended_total", "quartet_tasks_submitted_total", "quartet_tasks_limit"))
}

func TestNamesFollowTheConventions(t *testing.T) {
	loop := eventloop.New(eventloop.Config{})
	loop.Start()
	defer func() { require.NoError(t, loop.Close()) }()
	problems, err := testutil.CollectAndLint(prometheus.NewCollector(busy(t), loop))
	require.NoError(t, err)
	require.Empty(t, problems)
}

// A quantile of the native histogram is no smaller than the executor's own bucket allows, and at
// most four times as large.
func TestNativeHistogramsKeepTheQuantiles(t *testing.T) {
	var h quartet.Histogram
	for _, d := range []time.Duration{0, 1, 3, 900, time.Microsecond, 70 * time.Millisecond, time.Second, time.Hour} {
		h = quartet.Histogram{}
		h.Observe(d)
		ex := fixed{quartet.Stats{RunTime: h}}
		c := &prometheus.Collector{}
		c.Add("fixed", ex)
		family := gather(t, c)["quartet_run_time_seconds"]
		require.NotNil(t, family)
		n := family.GetMetric()[0].GetHistogram()
		require.EqualValues(t, 1, n.GetSampleCount())
		require.InDelta(t, d.Seconds(), n.GetSampleSum(), 1e-12)
		if d == 0 {
			require.EqualValues(t, 1, n.GetZeroCount())
			continue
		}
		require.Len(t, n.GetPositiveSpan(), 1)
		upper := math.Pow(2, float64(n.GetPositiveSpan()[0].GetOffset()))
		require.GreaterOrEqual(t, upper, d.Seconds()*(1-1e-12))
		require.LessOrEqual(t, upper, 4*d.Seconds())
	}
}

// fixed is an executor of a user with Stats, and without a name.
type fixed struct{ stats quartet.Stats }

func (f fixed) Stats() quartet.Stats                         { return f.stats }
func (fixed) SubmitCall(context.Context, quartet.Call) error { return quartet.ErrClosed }
func (fixed) Shutdown(context.Context) error                 { return nil }
func (fixed) Close() error                                   { return nil }

func gather(t *testing.T, c prom.Collector) map[string]*dto.MetricFamily {
	t.Helper()
	reg := prom.NewPedanticRegistry()
	require.NoError(t, reg.Register(c))
	families, err := reg.Gather()
	require.NoError(t, err)
	byName := make(map[string]*dto.MetricFamily)
	for _, f := range families {
		byName[f.GetName()] = f
	}
	return byName
}

func TestViewsHaveNamesOfTheirOwn(t *testing.T) {
	pool := busy(t)
	c := prometheus.NewCollector(pool)
	c.Add("thumbs/acme", pool.Key("acme"))
	require.Len(t, gather(t, c)["quartet_tasks_submitted_total"].GetMetric(), 2)
	require.True(t, c.Remove("thumbs/acme"))
	require.False(t, c.Remove("thumbs/acme"))
	require.Len(t, gather(t, c)["quartet_tasks_submitted_total"].GetMetric(), 1)
}

func TestBadInputIsRefusedAtOnce(t *testing.T) {
	pool := busy(t)
	c := prometheus.NewCollector(pool)
	require.PanicsWithValue(t, `prometheus: the name "thumbs" is taken: set Config.Name, or Add it under another`,
		func() { c.Add("thumbs", pool) })
	require.PanicsWithValue(t, "prometheus: Add needs a name", func() { c.Add("", pool) })
	require.PanicsWithValue(t, `prometheus: Add("x") of a nil executor`, func() { c.Add("x", nil) })
	require.PanicsWithValue(t, "prometheus: NewCollector: executor 1 is nil", func() {
		prometheus.NewCollector(pool, nil)
	})
	require.PanicsWithValue(t, "prometheus: NewCollector: a prometheus_test.fixed has no Name; use Add", func() {
		prometheus.NewCollector(fixed{})
	})
}

func TestAScrapeThroughARealRegistry(t *testing.T) {
	reg := prom.NewRegistry()
	reg.MustRegister(prometheus.NewCollector(busy(t)))
	server := httptest.NewServer(promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	defer server.Close()
	answer, err := server.Client().Get(server.URL)
	require.NoError(t, err)
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, errors.Join(err, answer.Body.Close()))
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Contains(t, string(body), `quartet_tasks{executor="thumbs",state="running"} 0`)
	require.Contains(t, string(body), `quartet_run_time_seconds_count{executor="thumbs"} 2`)
	server.Client().CloseIdleConnections()
}

var crash = quartet.Define("prometheus_test.crash", func(context.Context, int) (int, error) {
	os.Exit(3)
	return 0, nil
})

func TestProcessesAreCountedWithoutTheirPIDs(t *testing.T) {
	pool, err := procpool.New(procpool.Config{Name: "parsers", Workers: 1})
	require.NoError(t, err)
	defer func() { require.NoError(t, pool.Close()) }()
	_, err = crash.Do(t.Context(), pool, 0)
	require.Error(t, err)
	families := gather(t, prometheus.NewCollector(pool))
	restarts := families["quartet_worker_restarts_total"].GetMetric()
	require.Len(t, restarts, 1)
	require.InDelta(t, 1, restarts[0].GetCounter().GetValue(), 0)
	for _, m := range families["quartet_workers"].GetMetric() {
		names := []string{}
		for _, l := range m.GetLabel() {
			names = append(names, l.GetName())
		}
		require.ElementsMatch(t, []string{"executor", "state"}, names)
	}
	require.Len(t, families["quartet_workers"].GetMetric(), 4)
}

// The dashboard asks for metrics that exist.
func TestTheDashboardKnowsTheMetrics(t *testing.T) {
	text, err := os.ReadFile("dashboard.json")
	require.NoError(t, err)
	known := make(chan *prom.Desc, 100)
	prometheus.NewCollector().Describe(known)
	close(known)
	var names strings.Builder
	for d := range known {
		names.WriteString(d.String())
	}
	asked := regexp.MustCompile(`quartet_[a-z_]+`).FindAllString(string(text), -1)
	require.NotEmpty(t, asked)
	for _, name := range asked {
		require.Contains(t, names.String(), fmt.Sprintf("%q", name))
	}
}

func ExampleNewCollector() {
	pool := workerpool.New(workerpool.Config{Name: "thumbs"})
	defer func() { _ = pool.Close() }()
	_ = quartet.Run(context.Background(), pool, func(context.Context) error { return nil })

	reg := prom.NewRegistry()
	reg.MustRegister(prometheus.NewCollector(pool))
	families, _ := reg.Gather()
	for _, f := range families {
		if f.GetName() == "quartet_tasks_submitted_total" {
			m := f.GetMetric()[0]
			fmt.Println(m.GetLabel()[0].GetValue(), m.GetCounter().GetValue())
		}
	}
	// Output: thumbs 1
}

// Executors come and go: one more than those of NewCollector, under a name of its own.
func ExampleCollector_Add() {
	blue := workerpool.New(workerpool.Config{})
	defer func() { _ = blue.Close() }()
	collector := prometheus.NewCollector()
	collector.Add("blue", blue)
	fmt.Println(collector.Remove("blue"), collector.Remove("blue"))
	// Output: true false
}
