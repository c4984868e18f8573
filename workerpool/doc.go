// Package workerpool runs tasks on a bounded number of goroutines at once, behind a bounded queue. In other houses:
//
//	Config.Workers     max_workers of Python's ThreadPoolExecutor; UV_THREADPOOL_SIZE of libuv, under Node
//	Go, SubmitTask     submit; uv_queue_work
//	Shutdown           shutdown(wait=True)
//	Close              shutdown(wait=True, cancel_futures=True), with the running tasks' contexts cancelled too
//	Queue, Saturation  neither has them: both of those queues grow without bound
//
// # A task's way
//
//	         no room: wait, or ErrSaturated
//	               ▲
//	submit ────────┴──> queue ──> slot: a worker runs it ──> ended
//	                     ▲           │              ▲
//	                     │      Await, Suspend:     │
//	           the slot goes to     lends it        │ takes one again,
//	           the next one          ▼              │ before the queue
//	                              waiting ──────────┘
//
// A slot is the right to run; there are Config.Workers of them. A worker is a goroutine, made when there is a task for it
// and ended when it has been idle for Config.IdleTimeout, so that an idle pool keeps no goroutine and no timer.
//
// # Lending
//
// A task that waits with Future.Await or quartet.Suspend lends its slot, first to the very task that it awaits when that
// is still queued here, and takes a slot again before it goes on. So tasks may await tasks of the same pool to any
// depth, with a single worker, where ThreadPoolExecutor deadlocks. The waiting goroutine stays blocked, which costs its
// stack. Started tasks that are not waiting never exceed Config.Workers; all that are unfinished are bounded by
// Config.InFlight. quartet.Sleep and quartet.Block keep the slot: a worker that blocks is what a pool is. quartet.Yield
// lets the oldest queued task run first.
//
// # Synchronisation and cost
//
// What happened before a submit is seen by the task, and what the task did by whoever awaited it, or got nil from
// Shutdown. [Pool.Go] allocates nothing; submit and await of a future is one allocation where the ctx cannot end, and at
// most three where it can (measured, and held by tests).
//
// # What a bounded pool is for, and its size
//
// It protects something that gets slower, or breaks, when too many use it at once: the processors, memory, a database, a
// remote service. For work that computes, Config.Workers is GOMAXPROCS, the default: more only queue in the scheduler.
// For work that waits, it is what the thing behind it bears, by Little's law: tasks a second times seconds a task. A
// resource of its own within a shared pool is a [Pool.Limit].
//
// Queue and Saturation are the backpressure. A queue evens bursts out; under a lasting overload it adds its whole length
// to every wait, so keep it as short as bursts allow: [Wait] slows the submitter down, [Reject] tells it, [DropOldest]
// serves what only the newest counts of, and Config.RejectLate refuses what would come too late.
//
// A submit's ctx bounds the wait for room, the wait in the queue and the task. Work that outlives the request it came
// from is submitted with context.WithoutCancel(ctx): values without the request's end.
//
// # When not to use it
//
// When tasks mostly wait for the network, and their number is bounded anyway: a goroutine for each is simpler, and
// nothing queues. For one fan-out in one function, errgroup with SetLimit is enough; a stage of a pipeline is a channel
// and a few goroutines. With tasks of 10 µs and more decent pools are equal: choose by what they promise then. For state
// that must be touched by one task at a time, a pool needs a mutex and an event loop does not. Code that may crash or
// leak belongs in a process.
package workerpool
