// Package eventloop runs callbacks and tasks one at a time on one goroutine, in the order in which
// Node.js does. State that only they touch needs no mutex.
//
// # A turn
//
//	                     callbacks                                        libuv's phase
//	   ┌─> timers        those due, by deadline, then by creation         timers
//	   │   park          until something is posted or a timer is due      poll: the wait
//	   │   posted        a snapshot: Post, data of connections,           poll: the callbacks
//	   │                 starts of tasks, tasks woken from elsewhere
//	   │   immediates    a snapshot                                       check
//	   └── closing       OnClose of connections                           closing callbacks
//
//	after every callback: all NextTicks, then all Microtasks, until both are empty
//
// libuv's pending callbacks belong to the posted phase; idle and prepare have no counterpart. A Run
// begins with the timers. After the timers of a turn the loop looks whether anything keeps it
// alive; if not, it calls Config.BeforeExit, and Run returns unless that has added something.
//
// Work that is queued during its own phase waits for the next turn, so no phase can starve the
// others. An endless chain of ticks or microtasks can, as in Node; the watchdog reports it.
//
// A test runs 2,000 random programs here and in Node 20, and both log the same. The programs
// consist of timers, intervals, immediates, ticks, microtasks, promises, async functions, posts (in
// Node, messages that the poll phase brings) and closing callbacks. They clear, Unref and Ref what
// they have made, and each ends when nothing keeps its loop alive. The order differs from Node's
// where that depends on chance, and on purpose in five places:
//
//   - A timer of 0 that is made before Run fires before an immediate. In Node that depends on the
//     clock.
//   - A deadline counts from the call that makes the timer, in nanoseconds. In Node it counts from
//     the beginning of the callback around the call, in milliseconds.
//   - Connections that end in one turn are told so in the order of their ends. libuv reverses it.
//   - An unreferenced immediate runs only if something else keeps the loop alive when its phase
//     begins. In Node one that was made by the last I/O callback runs, too.
//   - After a callback that panics, its ticks and microtasks run before the next callback. In Node,
//     after an exception that a handler has caught, the next callback of the phase runs first.
//
// For readers who know Node or asyncio:
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
//	Conn, OnDrain, Full      net.Socket, 'drain', write()       Protocol, pause_writing
//	BeforeExit               'beforeExit'                       –
//	Health.Lag, Utilization  monitorEventLoopDelay,             –
//	                         eventLoopUtilization
//	OnSlow                   –                                  slow_callback_duration
//
// # Tasks
//
// A task, given to SubmitTask, Go or [quartet.Go], runs as a fiber: a coroutine on the loop's
// goroutine. It may use Await, Sleep, Block and Yield in straight-line code; the loop goes on
// meanwhile, as under await in JavaScript. Between two such words nothing else runs. A wait that
// the task does not name (a channel, a mutex, time.Sleep, http.Get) keeps the whole loop: after
// Config.SlowCallback the watchdog reports it, with the live stack.
//
// A task that awaited another task of the loop continues as a microtask. A task that is woken from
// elsewhere continues in the posted phase.
//
// Outside of a task, code on the loop cannot wait for the loop itself. Do and Await in a callback,
// or in a task with another context than its own, return an error that is [quartet.ErrDeadlock];
// Shutdown and Close begin, and return [quartet.ErrInside]. With Config.Debug such a wait panics,
// with the stack.
//
// # Connections
//
// [Loop.Serve], [Loop.Dial] and [Loop.Attach] make a [Conn] of any net.Conn. Its callbacks run on
// the loop; a task may Read and WriteWait instead, or use [Conn.Stream] with bufio and io.Copy.
// Nothing blocks the loop: output is buffered up to HighWater, and reading pauses while nobody
// consumes. [Lines] and [Split] cut input into messages, [Upgrade] makes a [WebSocket] of an HTTP
// request, and [Handler] runs the handlers of net/http as tasks. [Feed] brings the values of a
// channel to the loop: signals, say.
//
//	     callbacks and tasks on the loop
//	    OnData, OnClose      Write, Close
//	          ^                   │
//	┌─────────┴───────────────────v─────────┐
//	│ Conn: alive, then failed or closing,  │
//	│       then closed, then over          │
//	└─────────┬───────────────────┬─────────┘
//	 TCP and Unix sockets    TLS, net.Pipe, …
//	 epoll or kqueue, and    a goroutine that reads, and
//	 no goroutine            one more while output is queued
//
// Once a turn the loop asks epoll which sockets are ready. The Go runtime watches epoll itself, so
// the loop parks in the scheduler, and a Post wakes it as fast as without connections. The BSDs and
// darwin have one goroutine that blocks in kevent.
//
// # Stopping
//
// [Loop.Run] returns when nothing keeps the loop alive: posted callbacks, unfinished tasks,
// connections, listeners, timers and immediates that are not unreferenced, and holds of
// [Loop.KeepAlive]. [Loop.Shutdown] ends it when all accepted work has ended, connections too: a
// server closes its own first, in a posted callback. [Loop.Close] ends it at once; a loop that was
// started with [Loop.Start] needs one of them. [Loop.Stop] ends one Run, and keeps the queued work
// for another. [Loop.Step] runs one callback, for tests, and Config.Callbacks shows the queues;
// under Config.Clock, and in a testing/synctest bubble, timers use virtual time.
//
// # Synchronisation and cost
//
// What happened before Post, SubmitTask, AfterFunc and Immediate is seen by the callback, and each
// callback sees what the ones before it did. Post allocates nothing; submit and await is one
// allocation where ctx cannot end. However many timers a loop has, it needs one runtime timer, and
// one more for the watchdog while it is not parked. It is not bound to an operating system thread,
// which would make a wake-up much dearer. internal/bench/loop measures what each thing costs,
// beside Node, asyncio and goja_nodejs. In short, on a small virtual machine: a tick or microtask
// 10 ns, an immediate 60, a post 30 to 80 with its callback, a post and its answer 770, one of a
// million timers 74 bytes and 450 ns of processor time. TCP and Unix connections wait without a
// goroutine where the system allows it (Linux, darwin, BSD); others have a goroutine that reads,
// and one more while it cannot send. An idle TCP connection takes some 700 bytes on Linux.
//
// # When not to use it
//
// When the work needs more than one core: a loop has one, and a callback that computes delays all
// others. Send that work to a pool through [Loop.Offload], and await it from a task. Without shared
// state plain goroutines are simpler and as fast, for network servers too. For a single shared
// value a mutex is simpler.
package eventloop
