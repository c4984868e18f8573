// Package eventloop runs callbacks and tasks one at a time on one goroutine, in the order in which Node.js does. What
// only the loop touches needs no mutex.
//
// # A turn
//
//	   ┌─> timers       those due, by deadline, then by creation
//	   │   posted       a snapshot of Post, task starts, wake-ups, data of connections
//	   │   immediates   a snapshot
//	   │   closing      OnClose of connections
//	   └── park         until something is posted or a timer is due
//
//	after every callback: all NextTicks, then all Microtasks, until both are empty
//
// Work that is queued during its own phase waits for the next turn, so no phase can starve the others; a chain of ticks
// or microtasks without an end can, as in Node, and the watchdog reports it. Where Node's order depends on chance, here it
// does not: a timer of 0 made before Run fires before an immediate. 2,000 random programs are run here and in Node, and
// log the same.
//
//	here                     Node                               asyncio
//	Post                     –                                  call_soon_threadsafe
//	AfterFunc, Every         setTimeout, setInterval            call_later, –
//	Immediate                setImmediate                       call_soon
//	NextTick, Microtask      process.nextTick, queueMicrotask   –
//	a task, Await            an async function, await           a Task, await
//	Block                    the libuv pool, hidden             to_thread
//	Offload                  worker_threads                     run_in_executor
//	Unref, KeepAlive         unref, –                           –
//	Conn, OnDrain, Full      net.Socket, 'drain', write()       Protocol, resume_writing, pause_writing
//	BeforeExit               'beforeExit'                       –
//	Health.Lag, Utilization  monitorEventLoopDelay,             –
//	                         eventLoopUtilization
//	OnSlow                   –                                  slow_callback_duration in debug mode
//
// # Tasks
//
// What is given to SubmitTask, Go or [quartet.Go] runs as a fiber: a coroutine on the loop's goroutine. It may use Await,
// Sleep, Block and Yield in straight-line code; the loop goes on meanwhile, as under await in JavaScript. Between two
// such words nothing else runs. A wait that the task does not name (a channel, a mutex, time.Sleep, http.Get) keeps the
// whole loop: after Config.SlowCallback the watchdog reports it, with the live stack.
//
// A task whose awaited task ended on the loop goes on as a microtask; one that is woken from elsewhere as if posted.
//
// # Connections
//
// [Loop.Serve], [Loop.Dial] and [Loop.Attach] make a [Conn] of any net.Conn. Its callbacks run on the loop; a task may
// Read and WriteWait instead. Nothing waits on the loop: what the other side does not take is queued up to a mark, and what
// nobody here takes is not read. [Handler] runs the handlers of net/http as tasks.
//
// # Stopping
//
// [Loop.Run] returns when nothing keeps the loop alive: posted callbacks, unfinished tasks, connections, listeners,
// timers and immediates that are not unreferenced, and holds of [Loop.KeepAlive]. [Loop.Shutdown] ends it when what was
// accepted has ended, connections too: a server ends its own first, in a posted callback. [Loop.Close] ends it at once;
// a loop that was started with [Loop.Start] needs one of them. [Loop.Step] runs it callback by callback, for tests; in
// a testing/synctest bubble its timers are of virtual time.
//
// # Synchronisation and cost
//
// What happened before Post, SubmitTask, AfterFunc and Immediate is seen by the callback, and each callback sees what
// the ones before it did. Post allocates nothing; submit and await is one allocation where ctx cannot end. The loop has
// one runtime timer whatever the number of its own, and one more for the watchdog while it is not parked. It is not bound
// to an operating system thread, which would make a wake-up much dearer. internal/bench/loop measures what each thing
// costs, beside Node, asyncio and goja_nodejs. In short, on a small virtual machine: a tick or microtask 10 ns, an
// immediate 60, a post 30 to 80 with its callback, a post and its answer 770, one of a million timers 74 bytes and 450 ns
// of processor time. A connection has a goroutine that reads, and one more while it cannot send.
//
// # When not to use it
//
// When the work needs more than one core: a loop has one, and a callback that computes delays all others. Send that work
// to a pool through [Loop.Offload], and await it from a task. When there is no shared state, plain goroutines are simpler
// and as fast, for network servers too; for one value under one lock, a mutex is.
package eventloop
