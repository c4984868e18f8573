// Package gil runs tasks as threads of an interpreter with a global lock, as CPython's: of all threads only the one that
// holds the lock runs.
//
//	gil                     CPython
//	Interval(d)             the lock since 3.2; sys.setswitchinterval(d)
//	Free()                  a free-threaded build (PEP 703)
//	Checkpoint              the eval breaker, looked at between bytecodes
//	Compute                 bytecode
//	HoldLock                a C function that keeps the lock
//	Released                Py_BEGIN_ALLOW_THREADS … Py_END_ALLOW_THREADS around computing
//	Sleep, Block, Await     the same around a wait
//	Yield                   time.sleep(0)
//
// # A switch
//
//	holder   ######################## forced ~~~~~~~~
//	waiter   ~~~~ interval ~~~~ asks ^ wakes ########
//
// A waiter waits for the interval; when nobody has taken the lock meanwhile it asks for it. The holder sees that at its
// next checkpoint, drops the lock, and waits until another has it. A thread that drops the lock by itself, to wait, hands
// it to nobody: the woken waiter may find it taken again. So a thread that waits often, beside one that computes, gets
// the lock back an interval late each time: the convoy.
//
// # Two clocks
//
// Under [Real] threads are goroutines and the lock is a real one; Compute computes. It serialises code as a GIL does, but
// a goroutine wakes faster than an operating system's thread, so CPython's figures do not come out. Under [Virtual] a
// machine with Config.Cores cores and the constants of [Machine] is simulated: threads are coroutines of one goroutine,
// time jumps from event to event, and a program that gets nothing from outside runs the same, to the byte of its
// [quartet.Timeline], for the same seed. Code between the calls of this package takes no virtual time. What comes from
// outside (a submit, a resume, the end of a Block) enters at the current virtual time. The times in contexts are real.
//
// Under Virtual it is checked always that at most one thread holds the lock, and that the states of each thread add up to
// its time.
//
// # When not to use it
//
// To protect data: that is what a mutex is for; a global lock makes no operation of several steps atomic. To limit
// concurrency: use a worker pool. It is for finding out what a global lock would do, and for teaching it.
package gil
