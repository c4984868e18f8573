// Package gil runs tasks as threads of an interpreter with a global lock, as CPython's: of all threads only the one that
// holds the lock runs. It predicts what such a lock does to a program, on which machine, under which generation of
// CPython, and shows why.
//
//	gil                     CPython
//	Scheduler               an interpreter; its tasks are threads (threading.Thread)
//	Checkpoint              the eval breaker, looked at between bytecodes (eval_breaker in ceval)
//	Compute                 bytecode: CPU time with checkpoints
//	HoldLock                a C function that keeps the lock
//	Released                Py_BEGIN_ALLOW_THREADS … Py_END_ALLOW_THREADS around computing, as zlib and NumPy do
//	Sleep, Block, Await     the same around a wait: time.sleep, a socket, Future.result
//	Yield                   time.sleep(0)
//	Lock, Cond, Queue       threading.Lock, threading.Condition, queue.Queue
//	InInterpreter           a sub-interpreter (PEP 684, PEP 734)
//	Ticks(n)                the lock up to 3.1; sys.setcheckinterval(n)
//	Interval(d)             the lock of 3.2 to 3.12; sys.setswitchinterval(d)
//	Interval313(d)          the lock since 3.13
//	PerInterpreter(k, p)    own-lock sub-interpreters, since 3.12
//	Free()                  a free-threaded build, since 3.13 (PEP 703)
//	FIFO(d)                 none of CPython's; Ruby's is of this kind
//
// CPython27, CPython38, CPython312, CPython313 and CPython313t are these with CPython's own settings. A [Policy] of your
// own is a value with pure functions of the lock's state.
//
// # The generations
//
// In the pictures # has the lock, . wants it, ~ waits without it, > is made to give it up, and ! has come too late.
//
// 2.7, [Ticks]: the holder releases the lock every 100 ticks and takes it again at once. That wakes a waiter, which mostly
// comes too late, since waking takes longer than taking: many calls of the kernel, few switches, and on two cores the
// same work takes one and a half times as long as on one.
//
//	T1  ##!#####!###!##...........   each release wakes T2 ...
//	T2  ..!.....!...!..###########   ... which tries, and sleeps again, until it is lucky
//
// 3.2, [Interval]: a waiter sleeps for the interval, 5 ms. When nobody has taken the lock meanwhile, it asks for it. The
// holder sees that at its next checkpoint, drops the lock, and waits until another has it (FORCE_SWITCHING).
//
//	T1  ########################>......................
//	T2  ...... interval ...... asks ####################
//
// A thread that drops the lock by itself, to wait, hands it to nobody: the woken waiter may find it taken again. So a
// thread that waits often, beside one that computes, gets the lock back an interval late each time: the convoy.
//
//	T1  ################.#############################.###   computes
//	T2  #~~~..interval..>#~~~~~~~~~~~~~~...interval...>#~~   waits 0.5 ms, and then 5 ms more
//
// 3.12, [PerInterpreter]: each sub-interpreter may have a lock of its own, and they run side by side. Inside each all is as
// in 3.2.
//
//	interpreter 1, T1  ####################
//	interpreter 2, T2  ####################
//
// 3.13, [Interval313]: the request to drop the lock is a bit of the thread that was asked, in place of one for all. One that
// came too late stays with its thread, and no other thread obeys it. In time it behaves as 3.2's.
//
// Free-threaded, [Free]: there is no lock. Computing takes somewhat longer, which is Free's argument, and threads use all
// cores.
//
//	T1  ######################
//	T2  ######################
//
// # Two clocks
//
// Under [Real] threads are goroutines and the lock is a real one; Compute computes. It serialises code as a GIL does, but
// a goroutine wakes a hundred times faster than an operating system's thread, so what comes from waking does not show:
// neither lost races nor the price of a switch. Config.Scale makes all of it slower, to be watched. Under [Virtual] a
// machine with Config.Cores cores and the constants of [Machine] is simulated: threads are coroutines of one goroutine,
// time jumps from event to event, and a program that gets nothing from outside runs the same, to the byte of its
// [quartet.Timeline], for the same seed, on every architecture. Code between the calls of this package takes no virtual
// time. What comes from outside (a submit, a resume, the end of a Block) enters at the current virtual time. The times in
// contexts are real.
//
// Under Virtual it is checked always that at most one thread holds the lock, that no wake-up is lost, that time does not go
// back, that a forced switch changes the holder, and that the states of each thread add up to its time. A program that
// can go no further ends with a [*DeadlockError] that names who waits for whom; a thread that blocks its goroutine behind
// the scheduler's back, with a [*StallError].
//
// # As a capacity model
//
// [Simulate] runs threads that are given as steps; a [Workload] describes a service as data: threads that compute, hold
// the lock, release it and wait, with distributions. Its report says how many requests a second that gives, where the
// closed-form bound is ([Load.Bound]) and from how many threads on more of them give nothing ([Load.Knee]); [WhatIf]
// compares policies and cores in one table. Measure your own service first: CPU time under the lock and outside of it per
// request, and the time it waits. Run several seeds, and [Machine.Scaled] by ±30 %: what the answer does not survive, it
// does not know. [Calibrate] measures the constants of the machine it runs on. examples/gilwhatif does all this.
//
// # How true it is
//
// The machine [LinuxVM] beside medians measured on CPython 2.7 and 3.8 to 3.13 on one virtual machine of two cores, under
// Linux. It reproduces that machine's CPython, and no more is claimed. A test prints this table and compares it with what
// stands here.
//
//	experiment                                             predicted   real   error  tolerance
//	interval 5ms, 1 to 8 CPU threads against sequence          1.011      1   +1.1%  ±10 %
//	interval313 5ms, 1 to 8 CPU threads against sequence       1.011      1   +1.1%  ±10 %
//	2.7, 2 CPU threads against sequence                        1.754    1.5  +16.9%  ±25 %
//	2.7, 4 CPU threads against sequence                        2.101      2   +5.1%  ±25 %
//	2.7, 8 CPU threads against sequence                        2.561    2.8   -8.5%  ±25 %
//	switches per second, interval 100µs                         4028   4600  -12.4%  ±20 %
//	echo beside a CPU thread, interval 100µs, per second        1090   1150   -5.2%  ±20 %
//	switches per second, interval 1ms                          726.8    790   -8.0%  ±20 %
//	hold time p50, interval 1ms, ms                            1.132   1.13   +0.2%  ±5 %
//	echo beside a CPU thread, interval 1ms, per second         498.5    564  -11.6%  ±20 %
//	echo beside a CPU thread, interval 1ms, p50 ms             1.795   1.75   +2.6%  ±10 %
//	switches per second, interval 5ms                          183.4    186   -1.4%  ±10 %
//	hold time p50, interval 5ms, ms                            5.221   5.19   +0.6%  ±5 %
//	echo beside a CPU thread, interval 5ms, per second         164.2    170   -3.4%  ±10 %
//	echo beside a CPU thread, interval 5ms, p50 ms             5.883    5.8   +1.4%  ±10 %
//	switches per second, interval 20ms                         48.66   48.6   +0.1%  ±10 %
//	hold time p50, interval 20ms, ms                           20.27  20.24   +0.1%  ±5 %
//	echo beside a CPU thread, interval 20ms, per second         47.2     47   +0.4%  ±10 %
//	echo beside a CPU thread, interval 20ms, p50 ms            20.92   20.9   +0.1%  ±10 %
//	switches per second, interval 100ms                        9.951    9.9   +0.5%  ±10 %
//	echo alone, per second                                      1476   1560   -5.4%  ±10 %
//	wake-up beside a CPU thread, p50 ms                        3.236   3.43   -5.6%  ±10 %
//	wake-up beside a CPU thread, p90 ms                         5.34   5.24   +1.9%  ±15 %
//	wake-up beside a CPU thread, mean ms                       3.269   3.45   -5.2%  ±15 %
//	wake-up beside a CPU thread, p99 ms                        8.064      9  -10.4%  printed
//	500 µs compute + 2 ms wait, n = 4, share of bound         0.9971  0.945   +5.5%  ±10 %
//	500 µs compute + 2 ms wait, n = 8, share of bound         0.9191   0.86   +6.9%  ±10 %
//	50 µs compute + 200 µs wait, n = 4, share of bound        0.9468   0.95   -0.3%  ±10 %
//	50 µs compute + 200 µs wait, n = 8, share of bound        0.7196    0.6  +19.9%  ±30 %
//	10 threads sleeping 2 ms × 15, speed-up                    9.855    9.7   +1.6%  ±10 %
//	50 threads sleeping 2 ms × 15, speed-up                    44.76   40.8   +9.7%  ±20 %
//	probe beside a call that holds the lock, stall/call       0.9937   1.02   -2.6%  ±5 %
//	probe beside a call that releases it, stall/call         0.03716   0.03  +23.9%  below 0.1
//	two interpreters of own lock against sequence                0.5   0.55   -9.1%  ±15 %
//	2.7, switches per second, check interval 100               11757  11000   +6.9%  factor 1.5
//	2.7, switches per second, check interval 1000               1605   2030  -20.9%  factor 1.5
//
// TimerSlack, HotWake, ColdWake, HotWindow, Signal, Call, Spawn, Check and TakeRelease are measured, as [Calibrate] does;
// Quantum is the Linux scheduler's, and Tick a bytecode's time in 2.7. WakeTail with its maximum is fitted on the switches
// per second of 2.7, Misplaced on those of 3.8 at 1 to 20 ms. No constant exists for one row.
//
// Not modelled: the cost of a cache that moves between cores, the frequency of cores, priorities, garbage collection, the
// reference counts that make free-threaded code slow where threads share objects, and other programs on the machine. Where
// CPython is not of one mind, neither can a model be. A server that answers at once beside a thread that computes does 184
// to 15,200 answers a second in CPython itself, by whether the reply finds the lock free; the model knows the lower end
// only. Two and more computing threads beside one that waits agree with CPython within a factor of two to three. The
// model's own bands, over five seeds and with all constants times 0.7, 1 and 1.3:
//
//	per second                                                lowest   highest
//	echo beside 1 CPU thread                                   157.2     170.4
//	echo beside 2 CPU threads                                  135.6     143.8
//	echo beside 4 CPU threads                                   48.8      58.8
//	echo that answers at once, beside 1 CPU thread             182.8     195.6
//
// # What it costs
//
// Under Virtual some millions of events a second, with 100 and 10 threads: 7 to 11 million as [Simulate]'s steps, 1.8 to
// 2.7 million as coroutines, on two cores of a virtual Intel Xeon. Under Real a [Thread]'s checkpoint that finds nothing
// is about a nanosecond, [Checkpoint] with its look-up in the context about ten; a ticker runs only while somebody waits.
//
// # When not to use it
//
// To protect data: that is what a mutex is for; a global lock makes no operation of several steps atomic. To limit
// concurrency: use a worker pool. It is for finding out what a global lock would do, and for teaching it.
package gil
