// Package inspect shows the executors of a running service: their running and queued tasks, the
// longest with their stacks, and the steps of the last seconds.
//
//	mux.Handle("/debug/quartet/", inspect.Handler(pool, processes, loop))
//
// The page is written by the server. It refreshes itself every two seconds, follows the reader's
// light or dark setting, and loads nothing from elsewhere. Its first lines are findings: a full
// queue, a blocked loop, a task that has run for long. The same data is there for scripts:
//
//	/debug/quartet/           the page
//	/debug/quartet/text       for a terminal
//	/debug/quartet/json       a [Snapshot]
//	/debug/quartet/trace      the last seconds as a Chrome trace, which Perfetto opens
//
// For a global lock (package gil) the page shows who holds it, who waits, and its convoys. For a
// simulated lock it shows nothing of these: read the simulation's Report.
//
// # What it costs
//
// Nothing, while nobody looks: an executor that is not watched has no observer. A request for the
// page, the text or the trace switches an observer on; it is switched off 15 seconds after the last
// one, or by [Handler]'s Close. While somebody looks, each step of a task is recorded, in a ring of
// bounded size. BenchmarkPage measures it: a mounted page costs less than the benchmark's noise of
// 5 %; a page that is looked at costs some 1.2 µs and 500 bytes per task, which is 12 % of one core
// at 100,000 tasks a second. Stacks are read at a refresh, and only if a task has run for over a
// second, or a callback has kept an event loop for a quarter of its Config.SlowCallback. Reading
// them stops the program for some 7 µs per goroutine; above 20,000 goroutines they are not read.
//
// # Who should reach it
//
// Operators. The page changes nothing and has no button that does, and all text on it is escaped.
// But labels, names of functions and stacks tell how the service is built, and labels may hold what
// users sent. Mount it on a port that is not public, or behind the service's own authentication, as
// net/http/pprof.
//
// # When not to use it
//
// For numbers over hours, and for alerts: use the collector in contrib/prometheus. For one request
// on its way through several services: use contrib/otel.
package inspect
