// Package prometheus exports the numbers of executors to Prometheus.
//
//	reg := prometheus.NewRegistry()
//	reg.MustRegister(quartetprom.NewCollector(pool, processes, loop))
//	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
//
// (with this package imported as quartetprom). One collector serves any number of executors, each
// with the label executor: its Config.Name. Wrappers and views are seen through; [Collector.Add]
// gives a part of the work a name of its own.
//
//	quartet_tasks_submitted_total       tasks accepted
//	quartet_tasks_ended_total           by outcome: done, failed, abandoned
//	quartet_tasks_rejected_total        submits refused
//	quartet_tasks                       unfinished tasks by state: queued, running, waiting
//	quartet_queue_wait_seconds          native histogram: from the submit to the start
//	quartet_run_time_seconds            native histogram: from the start to the end
//	quartet_workers                     worker processes by state
//	quartet_worker_memory_bytes         of all worker processes of a pool
//	quartet_worker_restarts_total       worker processes replaced, by cause
//	quartet_loop_lag_seconds            native histogram: how late timers of an event loop fire
//	quartet_loop_idle_seconds_total     time in which the loop was parked
//	quartet_loop_connections            open connections of an event loop
//	quartet_loop_dropped_total          posted callbacks dropped by Close
//
// The histograms hold a sample: one task in 64, and every task that was seen to take over 1 ms,
// unless the executor's ExactTimes is set. So their counts are not the number of tasks. A scrape
// takes each executor's lock once, for less than a microsecond, and nothing is counted between
// scrapes.
//
// A dashboard for Grafana is in dashboard.json.
//
// # When not to use it
//
// For one look at a running service, package inspect shows more and needs no server.
package prometheus
