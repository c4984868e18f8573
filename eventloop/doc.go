// Package eventloop runs callbacks and tasks one at a time on one goroutine, in the order in which Node.js does. What
// only the loop touches needs no mutex.
//
// # A turn
//
//	   ┌─> timers       those due, by deadline, then by creation     setTimeout, setInterval
//	   │   posted       a snapshot of Post, task starts, wake-ups    the poll phase
//	   │   immediates   a snapshot                                   setImmediate
//	   └── park         until something is posted or a timer is due
//
//	after every callback: all NextTicks, then all Microtasks, until both are empty
//
// Work that is queued during its own phase waits for the next turn, so no phase can starve the others; a chain of ticks
// or microtasks without an end can, as in Node. Where Node's order depends on chance, here it does not: a timer of 0 made
// before Run fires before an immediate.
//
// # Tasks
//
// What is given to SubmitTask or [quartet.Go] runs as a fiber: a coroutine on the loop's goroutine. It may use Await,
// Sleep, Block and Yield in straight-line code; the loop goes on meanwhile, as under await in JavaScript. Between two
// such words nothing else runs. A wait that the task does not name (a channel, a mutex, time.Sleep, http.Get) keeps the
// whole loop: after Config.SlowCallback the watchdog reports it, with all stacks.
//
// A task whose awaited task ended on the loop goes on as a microtask; one that is woken from elsewhere as if posted.
//
// # Stopping
//
// [Loop.Run] returns when nothing keeps the loop alive: posted callbacks, unfinished tasks, timers and immediates that
// are not unreferenced, and holds of [Loop.KeepAlive]. [Loop.Shutdown] ends it when what was accepted has ended,
// [Loop.Close] at once; a loop that was started with [Loop.Start] needs one of them.
//
// # Synchronisation and cost
//
// What happened before Post, SubmitTask, AfterFunc and Immediate is seen by the callback, and each callback sees what
// the ones before it did. Post allocates nothing; submit and await is one allocation where ctx cannot end. The loop has
// one runtime timer whatever the number of its own, and one more for the watchdog; parked without timers it has none
// running. The loop is not bound to an operating system thread, which would make a wake-up much dearer.
//
// # When not to use it
//
// When the work needs more than one core: a loop has one, and a callback that computes delays all others. Send that work
// to a pool with [quartet.Go], and await it from a task. When there is no shared state, plain goroutines are simpler;
// for one value under one lock, a mutex is.
package eventloop
