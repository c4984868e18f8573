// Package quartet puts four concurrency models behind one interface: an event loop, a worker pool,
// a pool of processes and a global lock. It is the contract that they share, and runs nothing by
// itself; the models are the packages beside it.
//
// # The one idea
//
// The models differ in one thing: what happens when a task waits. So a task says that it waits, and
// its model acts on it:
//
//	                  event loop           worker pool         process pool        global lock     no executor
//	Await, Suspend    suspends the task,   lends its slot to   takes calls that    releases the    blocks the
//	                  the loop goes on     a queued task       descend from it     lock            goroutine
//	Sleep, Block      suspends the task,   keeps its slot      keeps the worker    releases the    waits, runs fn
//	                  fn runs off the loop                                         lock
//	Yield             lets others run      lets a queued task  –                   a checkpoint    runtime.Gosched
//	                                       run first
//	Lend              as Block             lends its slot      keeps the worker    as Block         runs fn
//
// A function that names its waits runs unchanged on all of them. A wait that it does not name (a
// channel, a mutex, time.Sleep, http.Get) keeps the loop, the slot or the lock. Nested Await alone
// never deadlocks: a pool of one worker and a loop of one goroutine both compute a recursive
// fan-out. Holding a mutex across a waiting word is a bug on every model.
//
// # Executors, futures, functions
//
// An [Executor] runs calls of named functions. A [Runner] is an Executor in this process, and so
// takes closures too; that a closure cannot cross to another process is a compile error. [Go]
// submits a closure and returns a [Future], [Do] waits for it, [Map] runs it over a sequence, a
// [Group] joins tasks that fail together:
//
//	pool := workerpool.New(workerpool.Config{Workers: 4})
//	defer pool.Close()
//
//	size := quartet.Go(ctx, pool, func(ctx context.Context) (int, error) { return measure(ctx, file) })
//	…
//	n, err := size.Await(ctx)
//
// A [Func], made once with [Define], is a function with a name. Its calls run on every Executor:
//
//	var thumbnail = quartet.Define("thumbnail", func(ctx context.Context, in Image) (Image, error) { … })
//
//	out, err := thumbnail.Do(ctx, ex, in) // ex: any of the four, or Inline
//
// Inside a task [Current] is the executor that runs it: how a function fans out wherever it runs.
// [Inline] runs a task inside the submit, and is the baseline and the simplest test double.
//
// # A model belongs to the goroutine of Run
//
// The model in a task's ctx acts for the goroutine on which the executor called Run, and for no
// other. A goroutine that a task starts itself gets [Detach](ctx): same values, deadline,
// cancellation and Current, but waits there block plainly and lend nothing. Without it, goroutines
// of a task would lend, and take back, a slot that is not theirs.
//
// # What every executor promises
//
// One outcome: an accepted task gets exactly one of Run, Resolve and Abandon, once; a refused one
// gets none, and the submit's error says why.
//
// Order: tasks of one submitter start in the order of their submits, except that one which another
// task awaits may start before its elders. They may end in any order.
//
// Contexts: the submit's ctx bounds the wait for room, then the wait in the queue, then is the
// parent of the ctx that the task gets. A task whose ctx ends before it starts is abandoned with
// the ctx's cause. A waiter's ctx ends the wait alone; a future ends only when its function has
// returned or never will start. A task's own ctx ends when it returns, and so do those of the tasks
// that were submitted with it: await them, or submit with context.WithoutCancel(ctx).
//
// Panics are never lost: a future carries a [*PanicError] with the task's own stack to its waiters,
// and [ErrGoexit] for runtime.Goexit. The panic of a bare task goes to the executor's OnPanic;
// without one it crashes the program, as it would in a goroutine. A panic in a future whose result
// nobody asks for, and that no OnPanic sees, is logged once when the future is garbage.
//
// Shutdown: [Executor.Shutdown] refuses new work from outside and waits for all accepted tasks;
// when its ctx ends first, it cancels started tasks and abandons the others. [Executor.Close] does
// that at once and waits. Until then a task may go on submitting, so that a fan-out in the middle
// ends well. When they return nil, no goroutine or timer of the executor is left.
//
// Memory model: Run sees all that happened before the submit, and a waiter sees all that Run did
// after Await, Done, or a Result other than ErrPending.
//
// Cost: a submit and its await allocate once, besides the caller's closure, if ctx cannot end or
// the task starts without queueing: future, task and task context are one piece of memory. Else
// they allocate at most three times. Nothing runs at import, and an idle executor has no ticker.
//
// In a testing/synctest bubble all executors of this process work in virtual time. Make them inside
// the bubble: their goroutines, timers and channels belong to it, and one from outside panics or
// hangs there.
//
// # Stability
//
// The names and signatures of this package, and its promises above, change only with a new major
// version once version 1 is out. Until then a minor version may change them, and CHANGELOG.md says
// how a caller follows. Texts of errors and logs, the layout of pictures and pages, and everything
// below internal are not promised.
//
// # For authors of executors
//
// A program that calls functions needs none of these. [Model] is what a task's waits do; an
// executor puts it into each task's ctx with [WithModel], and offers [Lender] where a wait may lend
// the slot. A wrapper names itself with [WithCurrent] and has an Unwrap method, through which [As]
// finds Stats and the rest. [Task] and [Call] are what an executor gets, [TaskFunc] the simplest of
// them; [Codec] and [JSON] carry a call's input to another process, where [Invoke] runs it.
// [Serialized] shows what cannot travel. [NewPanicError] keeps a panic with its stack. [TaskStatus]
// is what a Tasks method lists for package inspect, [Event] and [Remark] what an [Observer] gets.
// internal/executortest is the suite that an executor of this module passes.
//
// # When not to use it
//
// Plain goroutines win when the number of tasks is bounded by something else already and nobody
// needs their results; errgroup with SetLimit wins for one fan-out with one bound in one function,
// and channels for a pipeline. quartet is for a bound that many callers share, for state that one
// goroutine owns, for code that should run on more than one model, and for finding out by trying
// which model a workload wants. Retries, timeouts of a task and rate limits are ordinary code
// inside the function or around the Executor, and are left out on purpose.
package quartet
