package prometheus

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
)

var (
	loopLag     = describe("loop_lag_seconds", "How late timers of the loop fired.")
	loopIdle    = describe("loop_idle_seconds_total", "Time in which the loop was parked.")
	loopConns   = describe("loop_connections", "Connections of the loop that have not ended.")
	loopDropped = describe("loop_dropped_total", "Posted callbacks that Close dropped.")
)

// loop sends the health of an event loop, if it is one. Idle is a counter, so that a query has the
// utilization of any stretch: 1 - rate(idle).
func (e emitter) loop(ex quartet.Executor) {
	l, ok := quartet.As[interface{ Health() eventloop.Health }](ex)
	if !ok {
		return
	}
	h := l.Health()
	e.histogram(loopLag, h.Lag)
	e.send(prometheus.MustNewConstMetric(loopIdle, prometheus.CounterValue, h.Idle.Seconds(), e.name))
	e.gauge(loopConns, float64(h.Conns))
	e.count(loopDropped, h.Dropped)
}
