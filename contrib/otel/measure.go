package otel

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/metric"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

// Measure reports the numbers of executors, by name, whenever a reader of the MeterProvider
// collects, until stop is called. Wrappers and views are seen through. An executor without Stats is
// an error that names it.
func (t *Telemetry) Measure(executors ...quartet.Executor) (stop func() error, err error) {
	m := meters{}
	for i, ex := range executors {
		s, err := newMeasured(i, ex)
		if err != nil {
			return nil, err
		}
		m.executors = append(m.executors, s)
	}
	all, err := m.instruments(t.meter)
	if err != nil {
		return nil, fmt.Errorf("otel: Measure: %w", err)
	}
	registered, err := t.meter.RegisterCallback(m.observe, all...)
	if err != nil {
		return nil, fmt.Errorf("otel: Measure: %w", err)
	}
	return registered.Unregister, nil
}

// measured is an executor with its name and the state of its loop at the last collection, if it is
// one. before belongs to the reader's goroutine.
type measured struct {
	name   string
	stats  interface{ Stats() quartet.Stats }
	loop   interface{ Health() eventloop.Health }
	before eventloop.Health
}

// newMeasured looks once for what the executor offers, and not at each collection.
func newMeasured(i int, ex quartet.Executor) (*measured, error) {
	if ex == nil {
		return nil, fmt.Errorf("otel: Measure: executor %d is nil", i)
	}
	m := &measured{name: fmt.Sprintf("%T", ex)}
	var ok bool
	if m.stats, ok = quartet.As[interface{ Stats() quartet.Stats }](ex); !ok {
		return nil, fmt.Errorf("otel: Measure: executor %d, a %T, has no Stats", i, ex)
	}
	if n, ok := quartet.As[interface{ Name() string }](ex); ok {
		m.name = n.Name()
	}
	m.loop, _ = quartet.As[interface{ Health() eventloop.Health }](ex)
	return m, nil
}

// meters are the instruments of a Measure. A reader collects one at a time, so that observe needs
// no lock.
type meters struct {
	executors                 []*measured
	tasks, limit, blocked     metric.Int64ObservableUpDownCounter
	ended, rejected           metric.Int64ObservableCounter
	utilization               metric.Float64ObservableGauge
	delay50, delay90, delay99 metric.Float64ObservableGauge
}

// instruments makes them, and keeps the first error. OpenTelemetry names those of Node's event
// loop, so a dashboard for Node fits.
func (m *meters) instruments(meter metric.Meter) (all []metric.Observable, err error) {
	add := func(o metric.Observable, failed error) {
		all = append(all, o)
		if err == nil {
			err = failed
		}
	}
	upDown := func(to *metric.Int64ObservableUpDownCounter, name, about string) {
		var failed error
		*to, failed = meter.Int64ObservableUpDownCounter(name, metric.WithUnit("{task}"), metric.WithDescription(about))
		add(*to, failed)
	}
	counter := func(to *metric.Int64ObservableCounter, name, about string) {
		var failed error
		*to, failed = meter.Int64ObservableCounter(name, metric.WithUnit("{task}"), metric.WithDescription(about))
		add(*to, failed)
	}
	gauge := func(to *metric.Float64ObservableGauge, name, unit, about string) {
		var failed error
		*to, failed = meter.Float64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(about))
		add(*to, failed)
	}
	upDown(&m.tasks, "quartet.executor.tasks", "Unfinished tasks.")
	upDown(&m.limit, "quartet.executor.tasks.limit", "Tasks that may run at once.")
	upDown(&m.blocked, "quartet.executor.submits.blocked", "Submitters that wait for room.")
	counter(&m.ended, "quartet.executor.tasks.ended", "Tasks that have ended.")
	counter(&m.rejected, "quartet.executor.submits.rejected", "Submits refused.")
	gauge(&m.utilization, "nodejs.eventloop.utilization", "1",
		"Share of the time since the last collection in which the loop was not parked.")
	gauge(&m.delay50, "nodejs.eventloop.delay.p50", "s", "How late timers fired: the median.")
	gauge(&m.delay90, "nodejs.eventloop.delay.p90", "s", "How late timers fired: the 90th percentile.")
	gauge(&m.delay99, "nodejs.eventloop.delay.p99", "s", "How late timers fired: the 99th percentile.")
	return all, err
}

// It is called by the reader of the MeterProvider, at its own times; it takes each executor's lock
// for a moment.
func (m *meters) observe(_ context.Context, o metric.Observer) error {
	for _, x := range m.executors {
		s, name := x.stats.Stats(), executorKey.String(x.name)
		with := func(more ...string) metric.MeasurementOption {
			if len(more) == 0 {
				return metric.WithAttributes(name)
			}
			return metric.WithAttributes(name, stateKey.String(more[0]))
		}
		o.ObserveInt64(m.tasks, int64(s.Queued), with("queued"))
		o.ObserveInt64(m.tasks, int64(s.Running), with("running"))
		o.ObserveInt64(m.tasks, int64(s.Waiting), with("waiting"))
		o.ObserveInt64(m.limit, int64(s.Limit), with())
		o.ObserveInt64(m.blocked, int64(s.Blocked), with())
		o.ObserveInt64(m.rejected, int64(s.Rejected), with())
		for outcome, n := range map[string]uint64{"done": s.Done, "failed": s.Failed, "abandoned": s.Abandoned} {
			o.ObserveInt64(m.ended, int64(n), metric.WithAttributes(name, outcomeKey.String(outcome)))
		}
		if x.loop != nil {
			m.observeLoop(o, x)
		}
	}
	return nil
}

// The utilization is that since the last collection, whoever made it.
func (m *meters) observeLoop(o metric.Observer, x *measured) {
	h, name := x.loop.Health(), metric.WithAttributes(executorKey.String(x.name))
	o.ObserveFloat64(m.utilization, h.Utilization(x.before), name)
	x.before = h
	for q, gauge := range map[float64]metric.Float64Observable{.5: m.delay50, .9: m.delay90, .99: m.delay99} {
		o.ObserveFloat64(gauge, h.Lag.Quantile(q).Seconds(), name)
	}
}
