// Package workerpool runs tasks on a bounded number of goroutines at once, behind a bounded queue.
// In other libraries:
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
// A slot is the right to run; there are Config.Workers of them. A worker is a goroutine, made when
// there is a task for it and ended when it has been idle for Config.IdleTimeout, so that an idle
// pool keeps no goroutine and no timer.
//
// # Lending
//
// A task that waits with Future.Await or quartet.Suspend lends its slot to a queued task, first of
// all to the one that it awaits. It takes a slot again before it goes on. So tasks may await tasks
// of the same pool to any depth, with a single worker, where ThreadPoolExecutor deadlocks. The
// waiting goroutine stays blocked, which costs its stack. Started tasks that are not waiting never
// exceed Config.Workers; all that are unfinished are bounded by Config.InFlight. quartet.Sleep and
// quartet.Block keep the slot, since a pool is there to bound how many block at once. quartet.Yield
// lets the oldest queued task run first.
//
// # Synchronisation and cost
//
// A task sees all that happened before its submit. Who has awaited it, or got nil from Shutdown,
// sees all that it did. [Pool.Go] allocates nothing; submit and await of a future is one allocation
// where the ctx cannot end, and at most three where it can (measured, and held by tests).
//
// # What a bounded pool is for, and its size
//
// It protects something that gets slower, or breaks, when too many use it at once: the processors,
// memory, a database, a remote service. For work that computes, leave Config.Workers at GOMAXPROCS:
// more workers only queue in the scheduler. For work that waits, take the number that the database
// or service behind it bears; by Little's law a rate needs as many workers as tasks a second times
// seconds a task. [Pool.Limit] bounds one resource within a shared pool.
//
// Queue and Saturation are the backpressure. A queue evens bursts out; under a lasting overload it
// adds its whole length to every wait, so keep it as short as bursts allow: [Wait] slows the
// submitter down, [Reject] tells it at once, [DropOldest] is for tasks of which only the newest
// counts, and Config.RejectLate refuses a task that would end after its deadline.
//
// A submit's ctx bounds the wait for room, the wait in the queue and the task. Work that outlives
// the request it came from is submitted with context.WithoutCancel(ctx): values without the
// request's end.
//
// Tasks run on the pool's goroutines, one after the other. They have the labels of pprof that
// quartet.Label gives them, and no others. A task that locks its thread (runtime.LockOSThread) must
// unlock it. If it forgets, the pool unlocks the thread; what the task changed in the thread stays.
//
// Make a pool inside the testing/synctest bubble that uses it: its workers, timers and waits belong
// to the bubble in which they begin. A pool from outside, used inside, panics or waits for ever.
//
// # Simulations
//
// With Config.Clock a pool runs in virtual time, in any program: a [Clock]'s clients submit tasks,
// tasks sleep in place of computing, and an hour passes in milliseconds, the same each time. So try
// a Queue, a Saturation or RejectLate under a load before the service has it; a quartet.Timeline as
// the Observer gives the queue's length (Series) and the latencies (Samples).
//
// # When not to use it
//
// When tasks mostly wait for the network, and their number is bounded anyway: a goroutine for each
// is simpler, and nothing queues. For one fan-out in one function, errgroup with SetLimit is
// enough; a stage of a pipeline is a channel and a few goroutines. From 10 µs a task on, good pools
// are equally fast: choose one by its promises. State that only one task at a time may touch needs
// a mutex in a pool, and none on an event loop. Code that may crash or leak belongs in a process.
package workerpool
