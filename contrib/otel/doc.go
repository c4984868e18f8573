// Package otel records tasks as OpenTelemetry spans and metrics, and carries the trace context with
// every call that leaves the process. It is imported as quartetotel where the name otel is taken.
//
//	tel := quartetotel.New(quartetotel.Config{})
//	pool := workerpool.New(workerpool.Config{Name: "thumbs", Around: tel.Around, Observer: tel})
//
// A task of pool becomes a span that begins with its submit and is a child of the submitter's span:
//
//	GET /thumb                        the caller's
//	└─ render                         the task: named after its function or its label
//	   └─ queue                       from the submit to the start
//
// The context of the task has the span, so spans that the task starts are its children. An error, a
// panic and a runtime.Goexit set the span's status; a panic is recorded with its stack.
//
// # Processes and machines
//
// Importing this package registers the value "otel" with quartet.Propagate: a JSON object with the
// fields that the global TextMapPropagator writes, such as traceparent and baggage. Go workers put
// it into the context of the call. Workers in Python and Node read it by name:
// quartet_worker.context().values["otel"] is these bytes.
//
// The worker of a process pool is another program with providers of its own. Set them up, and the
// span around each call, by the hooks of procpool:
//
//	procpool.WorkerInit(func() error { otel.SetTracerProvider(…); otel.SetTextMapPropagator(…); return nil })
//	procpool.WorkerAround(quartetotel.New(quartetotel.Config{Kind: trace.SpanKindServer}).Around)
//
// A worker that dies takes its span along. [Telemetry.Wrap] adds a span on the caller's side, from
// the submit to the outcome, which also shows refusals and lost workers:
//
//	calls := tel.Wrap(processes)
//	out, err := parse.Do(ctx, calls, in)
//
//	GET /parse
//	└─ parse                          Wrap's, of kind client
//	   └─ parse                       the worker's, of kind server
//	      └─ queue
//
// # Metrics
//
// [Telemetry.Measure] reports the numbers of executors when the reader of the MeterProvider asks
// for them:
//
//	quartet.executor.tasks              {task}, up-down counter by quartet.state: queued, running, waiting
//	quartet.executor.tasks.limit        {task}, the tasks that may run at once
//	quartet.executor.tasks.ended        {task}, counter by quartet.outcome: done, failed, abandoned
//	quartet.executor.submits.rejected   {task}, counter
//	quartet.executor.submits.blocked    {task}, the submitters that wait for room
//	nodejs.eventloop.utilization        1, of an event loop: the name that OpenTelemetry has for Node's
//	nodejs.eventloop.delay.p50          s, likewise; and .p90, .p99
//
// # Logs
//
// [LogHandler] adds executor, label, task and trace to the records of slog.
//
// # What it costs
//
// Two spans for each task that had to queue, one for others; with a sampler that drops the trace,
// about a microsecond. The queue's span needs the Observer; without it a task's span begins with
// its start.
//
// # When not to use it
//
// For tasks of a few microseconds: a span costs more than the task. Use contrib/prometheus, which
// counts without spans.
package otel
