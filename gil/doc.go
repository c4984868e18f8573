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
//	PerInterpreter(k, p)    own-lock sub-interpreters, since 3.12; or processes (multiprocessing, Gunicorn's workers)
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
// Under [Real] threads are goroutines and the lock is a real one; Compute computes. It serialises code as a GIL does, but a
// goroutine wakes much faster than an operating system's thread, so what comes from waking shows less: a race for the lock
// is lost only to who has released it for some microseconds, and a switch costs next to nothing. Config.Scale makes all of
// it slower, to be watched. Under [Virtual] a machine with Config.Cores cores and the constants of [Machine] is simulated:
// threads are coroutines of one goroutine, time jumps from event to event, and a program that gets nothing from outside runs
// the same, to the byte of its [quartet.Timeline], for the same seed, on every architecture. Code between the calls of this
// package takes no virtual time. What comes from outside (a submit, a resume, the end of a Block) enters at the current
// virtual time. The times in contexts are real.
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
// stands here. Predictions are medians of five seeds.
//
//	experiment                                           predicted   real   error  tolerance   over seeds
//	interval 5ms, 1 to 8 CPU threads against sequence        1.011      1   +1.1%  ±10 %       1.01 to 1.012
//	interval313 5ms, 1 to 8 CPU threads against sequence     1.011      1   +1.1%  ±10 %       1.01 to 1.012
//	2.7, 2 CPU threads against sequence                      1.753    1.5  +16.9%  ±25 %       1.75 to 1.762
//	2.7, 4 CPU threads against sequence                      2.098      2   +4.9%  ±25 %       2.092 to 2.103
//	2.7, 8 CPU threads against sequence                       2.56    2.8   -8.6%  ±25 %       2.559 to 2.561
//	switches per second, interval 100µs                       4028   4600  -12.4%  ±20 %       4020 to 4034
//	echo beside a CPU thread, interval 100µs, per second      1091   1150   -5.1%  ±20 %       1090 to 1093
//	switches per second, interval 1ms                        726.8    790   -8.0%  ±20 %       726.2 to 730.7
//	hold time p50, interval 1ms, ms                          1.132   1.13   +0.2%  ±5 %        1.132 to 1.132
//	echo beside a CPU thread, interval 1ms, per second       497.9    564  -11.7%  ±20 %       495.9 to 498.5
//	echo beside a CPU thread, interval 1ms, p50 ms           1.797   1.75   +2.7%  ±10 %       1.795 to 1.798
//	switches per second, interval 5ms                        183.4    186   -1.4%  ±10 %       183.1 to 184.1
//	hold time p50, interval 5ms, ms                          5.221   5.19   +0.6%  ±5 %        5.219 to 5.222
//	echo beside a CPU thread, interval 5ms, per second       164.2    170   -3.4%  ±10 %       164.1 to 164.5
//	echo beside a CPU thread, interval 5ms, p50 ms           5.883    5.8   +1.4%  ±10 %       5.88 to 5.885
//	switches per second, interval 20ms                       48.76   48.6   +0.3%  ±10 %       48.66 to 48.83
//	hold time p50, interval 20ms, ms                         20.26  20.24   +0.1%  ±5 %        20.26 to 20.27
//	echo beside a CPU thread, interval 20ms, per second      47.25     47   +0.5%  ±10 %       47.2 to 47.35
//	echo beside a CPU thread, interval 20ms, p50 ms          20.93   20.9   +0.1%  ±10 %       20.92 to 20.93
//	switches per second, interval 100ms                       9.95    9.9   +0.5%  ±10 %       9.944 to 9.951
//	echo alone, per second                                    1474   1560   -5.5%  ±10 %       1470 to 1476
//	wake-up beside a CPU thread, p50 ms                      3.218   3.43   -6.2%  ±10 %       3.213 to 3.239
//	wake-up beside a CPU thread, p90 ms                      5.337   5.24   +1.8%  ±15 %       5.336 to 5.342
//	wake-up beside a CPU thread, mean ms                     3.273   3.45   -5.1%  ±15 %       3.264 to 3.279
//	wake-up beside a CPU thread, p99 ms                      8.065      9  -10.4%  printed     8.06 to 8.07
//	500 µs compute + 2 ms wait, n = 4, share of bound        0.997  0.945   +5.5%  ±10 %       0.9967 to 0.9975
//	500 µs compute + 2 ms wait, n = 8, share of bound       0.9186   0.86   +6.8%  ±10 %       0.9167 to 0.92
//	50 µs compute + 200 µs wait, n = 4, share of bound      0.9478   0.95   -0.2%  ±10 %       0.9464 to 0.9482
//	50 µs compute + 200 µs wait, n = 8, share of bound      0.7192    0.6  +19.9%  ±30 %       0.719 to 0.7197
//	10 threads sleeping 2 ms × 15, speed-up                    9.8    9.7   +1.0%  ±10 %       9.651 to 9.858
//	50 threads sleeping 2 ms × 15, speed-up                  45.46   40.8  +11.4%  ±20 %       44.76 to 45.62
//	probe beside a call that holds the lock, stall/call     0.9935   1.02   -2.6%  ±5 %        0.9906 to 0.9943
//	probe beside a call that releases it, stall/call        0.0372   0.03  +24.0%  below 0.1   0.03703 to 0.0377
//	two interpreters of own lock against sequence              0.5   0.55   -9.1%  ±15 %       0.5 to 0.5
//	2.7, switches per second, check interval 100             11757  11000   +6.9%  factor 1.5  11622 to 11924
//	2.7, switches per second, check interval 1000             1607   2030  -20.9%  factor 1.5  1587 to 1614
//
// TimerSlack, HotWake, ColdWake, Signal, Call and Spawn are what [Calibrate] measures on the machine it runs on. HotWindow
// and Quantum are the kernel's, Check, Tick and TakeRelease the interpreter's: Calibrate leaves them. WakeTail with its
// maximum is fitted on the switches per second of 2.7, Misplaced on those of 3.8 at 1 to 20 ms. No constant exists for one
// row.
//
// Not modelled: the cost of a cache that moves between cores, the frequency of cores, priorities, garbage collection, the
// reference counts that make free-threaded code slow where threads share objects, and other programs on the machine. Where
// CPython is not of one mind, neither can a model be. A server that answers at once beside a thread that computes does 184
// to 15,200 answers a second in CPython itself, by whether the reply finds the lock free; the model knows the lower end
// only. Two and more computing threads beside one that waits agree with CPython within a factor of two to three. The
// model's own bands, over five seeds and with all constants times 0.7, 1 and 1.3:
//
//	per second                                           predicted  from, to
//	echo with 0.5 ms think time, CPU threads: 1              163.4  157.2 to 170
//	echo with 0.5 ms think time, CPU threads: 2              137.8  135.6 to 143.8
//	echo with 0.5 ms think time, CPU threads: 4               55.6  49.8 to 59
//	echo at once, CPU threads: 1                             239.8  224.4 to 240.2
//
// # What it costs
//
// Under Virtual some millions of events a second, with 100 and 10 threads: 6 to 11 million as [Simulate]'s steps, 1.7 to
// 3.1 million as coroutines, on two cores of a virtual Intel Xeon. Under Real a [Thread]'s checkpoint that finds nothing
// is about a nanosecond, [Checkpoint] with its look-up in the context about ten; a ticker runs only while somebody waits.
//
// # When not to use it
//
// To protect data: that is what a mutex is for; a global lock makes no operation of several steps atomic. To limit
// concurrency: use a worker pool. It is for finding out what a global lock would do, and for teaching it.
package gil
