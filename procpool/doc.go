// Package procpool runs calls of named functions in processes of their own: workers that are this program, started again,
// or another program that speaks the same protocol (PROTOCOL.md). In other houses:
//
//	Config.Workers        max_workers of Python's ProcessPoolExecutor; the size of Node's cluster
//	Init                  if __name__ == "__main__" and freeze_support(); cluster.isPrimary
//	quartet.Define        a function at module level, which pickle finds by name
//	WorkerLostError       BrokenProcessPool, but for one call, and the pool goes on
//	a suspended task      neither has it: there a worker that waits for its own pool is lost to it
//
// A program that uses a pool calls [Init] first, because its workers begin as it does:
//
//	func main() {
//		procpool.Init() // in a worker: never returns
//		pool, err := procpool.New(procpool.Config{})
//		…
//		out, err := resize.Do(ctx, pool, in) // resize is a quartet.Func
//	}
//
// Without that line New returns [ErrNoInit]. In a test the line belongs in TestMain, before m.Run. All package initialisers
// run in each worker; [IsWorker] tells them.
//
// # A call's way
//
//	           this process          │                     a worker
//	                                 │
//	submit ──> queue ──> window ─────┼──────> prefetched ──> runs ──────────> result
//	             ▲         ▲         │             │          │                  │
//	             │         └─────────┼─ given back ┘        Await                │
//	             │                   │  (it never started)    ▼                  │
//	             └───────────────────┼───────────────── calls of its own         │
//	future <─────────────────────────┼───────────────────────────────────────────┘
//
// The input is encoded when it is submitted: for workers that are this program in a compact form without names, compiled
// from the type; for others as JSON, and a slice of bytes as it is. quartet.WithCodec gives one function another codec. A
// worker runs one task at a time and holds some in advance, as many as make about 200 µs of work, and one where tasks take
// less than 2 ms, so that it need not wait for the next one; what lies behind a task that turns out long goes back to the
// pool, and to another worker. Frames are written together both ways, and a finished result never waits behind a running
// task. [Pool.Priority] and [Pool.Key] are views of the pool: who goes first, and what keeps its order.
//
// Workers are started when there is work that the others cannot take, and stay until the pool ends. They have a process
// group and pipes of their own: what a task prints goes to Config.OnOutput, line by line, and disturbs nothing.
//
// # Waiting, and calls from inside
//
// In a task, quartet.Current is the pool, seen from the worker: a call travels to the pool and runs on any worker, under the
// context of the task that made it. While a task waits in Future.Await or quartet.Suspend, its worker takes calls that
// descend from it, and nothing else, so a recursive fan-out ends with a single worker too, and what dies together
// belongs together. Calls from inside are bound neither by Config.Queue nor by Config.InFlight: a wait for room could be
// one for ever. quartet.Sleep and quartet.Block keep the worker. A refusal of such a call arrives as the error of its
// future. Of the submitter's context the deadline, the cancellation with its cause, and the label travel; values do not.
//
// # What a crash costs
//
// What had started in the dead worker fails with a [WorkerLostError]: the running call and, where that was a call from
// inside, the tasks in the same worker that waited for it. All that had been sent ahead goes to another worker, in its order,
// and nothing that had finished is lost. The pool knows the difference from a page of memory that it shares with each
// worker, in which the worker notes what it starts and keeps the results that it has not written yet. The worker is
// replaced. When workers do not even come up, three times in a row, calls get [ErrCrashLoop], with what the last one
// said, until a later submit tries again.
//
// A panic in a task is no crash: it arrives as a quartet.PanicError with the worker's stack. Errors arrive with their
// message; errors.Is finds those of quartet and context, the cause of a cancellation, and those that
// [RegisterError] names, and errors.As the types that [RegisterErrorType] names.
//
// # No orphans
//
// Shutdown and Close leave no process; Close kills what does not return within Config.Grace. When this process is killed,
// its workers and what they have started die within moments, also while they spin: on Linux by a leash, a pipe that makes
// the kernel kill the worker's process group; a worker also ends when its pipe does. Elsewhere there is only the latter: a
// worker that does not get to run its reader, and the children of one that was killed, may outlive the parent. Windows has
// no process groups to kill, and no ledger: its workers get one call at a time, a crash fails exactly that one, and what
// a worker has started outlives it. A process that leaves its group, or runs as another user, escapes everywhere.
// Where there are no processes, New returns errors.ErrUnsupported.
//
// # Cost, and when not to use it
//
// Measured on two cores of a virtual Intel Xeon under Linux, beside Python 3.11's ProcessPoolExecutor; what else was
// measured, and by which command, is in internal/bench/RESULTS.md.
//
//	                                        this package       Python's
//	a pool of two up, a result from each    4 ms               55 ms (spawn)
//	memory of a worker at rest (PSS)        2.1 MiB            10.5 MiB (spawn)
//	a call there and back, alone            10 to 25 µs        240 µs
//	a call, many in flight                  2 µs               120 µs
//	1 MiB there and back                    2 ms               4 ms
//	tasks of 1 ms                           0.59 ms each       0.59 ms each
//
// So from about a millisecond a task on all pools are equally fast, and what counts is what they do when something breaks.
// Two processes do the work of one goroutine in 2.2 times its time with tasks of 2 µs, 1.4 with 10 µs, the same with
// 100 µs, and 0.57 with 1 ms: below some 100 µs on two cores a call is better made where it is, and the processors' other
// cores are better used by goroutines.
//
// A process buys that a crash, a leak or a runaway loop costs one call, that memory is given back for certain, and that a
// foreign program can be called like a function. Where none of that is needed, a worker pool does the same work without
// copying. State that tasks share does not belong in processes: each worker has its own. And a function that must not run
// twice is safe here: a call that had started is never tried again.
package procpool
