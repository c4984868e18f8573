// Package procpool runs calls of named functions in processes of their own: workers that are this
// program, started again, or another program that speaks the same protocol (PROTOCOL.md). In other
// libraries:
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
// Without that line New returns [ErrNoInit]. In a test the line belongs in TestMain, before m.Run.
// All package initialisers run in each worker; [IsWorker] tells them.
//
// # A call's way
//
//	           this process          │                     a worker
//	                                 │
//	submit ──> queue ──> window ─────┼──────> sent ahead ──> runs ──────────> result
//	             ▲         ▲         │             │          │                  │
//	             │         └─────────┼─ given back ┘        Await                │
//	             │                   │  (it never started)    ▼                  │
//	             └───────────────────┼───────────────── calls of its own         │
//	future <─────────────────────────┼───────────────────────────────────────────┘
//
// The input is encoded when it is submitted: for workers that are this program in a compact form
// without names, compiled from the type; for others as JSON, and a slice of bytes unchanged.
// quartet.WithCodec gives one function another codec. A worker runs one task at a time. It is sent
// about 200 µs of work ahead, and at least one call if tasks take under 2 ms, so that it need not
// wait for the next one. If a task turns out to be long, the calls that wait behind it go back to
// the pool, and to another worker. Both sides write several frames at once. A finished result never
// waits behind a running task. [Pool.Priority] and [Pool.Key] are views of the pool: the first
// decides whose call goes first, the second keeps calls in order.
//
// Workers are started when there is work that the others cannot take, and stay until the pool ends.
// They have a process group and pipes of their own: what a task prints goes to Config.OnOutput,
// line by line, and disturbs nothing.
//
// A function whose Out is an iter.Seq2 streams its result, in Python and Node too: the worker sends
// an item when it has made it, at most 64 items or 1 MiB ahead of the loop that reads them. Bodies
// of 64 KiB and more travel through memory that pool and worker share.
//
// # Waiting, and calls from inside
//
// In a task, quartet.Current is the pool, seen from the worker: a call travels to the pool and runs
// on any worker, under the context of the task that made it. While a task waits in Future.Await or
// quartet.Suspend, its worker takes calls that descend from it, and no others. So a recursive
// fan-out ends with a single worker too, and a crash costs only calls that belong together. Calls
// from inside are bound neither by Config.Queue nor by Config.InFlight: a task that waited for room
// for its call could wait for ever. quartet.Sleep and quartet.Block keep the worker. A refusal of
// such a call arrives as the error of its future. From the submitter's context these travel: the
// deadline, the cancellation with its cause, the label, and the values that quartet.Propagate
// names.
//
// # What a crash costs
//
// The calls that had started in the dead worker fail with a [WorkerLostError]: the running call
// and, where that was a call from inside, the tasks in the same worker that waited for it. All that
// had been sent ahead goes to another worker, in its order, and nothing that had finished is lost.
// The pool knows the difference from a page of memory that it shares with each worker, in which the
// worker notes what it starts and keeps the results that it has not written yet. The worker is
// replaced. When workers do not even come up, three times in a row, calls get [ErrCrashLoop], with
// what the last one said, until a later submit tries again.
//
// A panic in a task is no crash: it arrives as a quartet.PanicError with the worker's stack. Errors
// arrive with their message; errors.Is finds those of quartet and context, the cause of a
// cancellation, and those that [RegisterError] names, and errors.As the types that
// [RegisterErrorType] names.
//
// # In a service
//
// Workers ignore SIGTERM, SIGINT and SIGHUP, which systemd or a terminal sends to all processes:
// this process decides when its workers end. Handle SIGTERM by Shutdown. As the first process of a
// container the pool waits for what dead workers have started. Memory for ledgers comes from memfd,
// else from /dev/shm or a temporary file. Config.Env may replace the environment, and scripts need
// no installed package. README.md has the details for systemd, Docker, Kubernetes and virtual
// environments, and the table of values for Python and Node.
//
// # No orphans
//
// Shutdown and Close leave no process; Close kills what does not return within Config.Grace. When
// this process is killed, its workers and what they have started die within moments, also while
// they spin: on Linux by a leash, a pipe that makes the kernel kill the worker's process group; a
// worker also ends when its pipe does. Elsewhere there is only the latter: a worker that does not
// get to run its reader, and the children of one that was killed, may outlive the parent. Windows
// has no process groups to kill, and no ledger: its workers get one call at a time, a crash fails
// exactly that one, and what a worker has started outlives it. A process that leaves its group, or
// runs as another user, escapes everywhere. Where there are no processes, New returns
// errors.ErrUnsupported.
//
// # Cost, and when not to use it
//
// Measured on two cores of a virtual Intel Xeon under Linux, beside Python 3.11's
// ProcessPoolExecutor; what else was measured, and by which command, is in
// internal/bench/RESULTS.md.
//
//	                                        this package       Python's
//	a pool of two up, a result from each    4 ms               55 ms (spawn)
//	memory of a worker at rest (PSS)        2.1 MiB            10.5 MiB (spawn)
//	a call there and back, alone            10 to 25 µs        240 µs
//	a call, many in flight                  2 µs               120 µs
//	1 MiB there and back                    2 ms               4 ms
//	tasks of 1 ms                           0.59 ms each       0.59 ms each
//
// So from about a millisecond a task on, all pools are equally fast. They differ when something
// breaks. Two processes do the work of one goroutine in 2.2 times its time with tasks of 2 µs, 1.4
// with 10 µs, the same with 100 µs, and 0.57 with 1 ms: below some 100 µs on two cores a call is
// better made where it is, and the processors' other cores are better used by goroutines.
//
// In a process a crash, a leak or a runaway loop costs one call, its memory is certainly given
// back, and a program in another language can be called like a function. Where none of that is
// needed, a worker pool does the same work without copying. State that tasks share does not belong
// in processes: each worker has its own. And a function that must not run twice is safe here: a
// call that had started is tried again only if its function is quartet.Idempotent.
package procpool
