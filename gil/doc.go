// Package gil runs tasks as threads of an interpreter with a global lock, as CPython's: of all threads only the one that
// holds the lock runs. It does so for real, or on a simulated machine that says, to the nanosecond and the same each time,
// what the lock would cost a program.
//
//	gil                     CPython
//	Ticks(n)                the lock up to 3.1; sys.setcheckinterval(n)
//	Interval(d)             the lock since 3.2; sys.setswitchinterval(d)
//	Interval313(d)          the same since 3.13
//	PerInterpreter(k, p)    k sub-interpreters, each with a lock of its own (PEP 684); or k processes
//	Free()                  a free-threaded build (PEP 703)
//	FIFO(d)                 no CPython: a fair lock, as Ruby's
//	Checkpoint              the eval breaker, looked at between bytecodes
//	Compute                 bytecode
//	HoldLock                a C function that keeps the lock
//	Released                Py_BEGIN_ALLOW_THREADS … Py_END_ALLOW_THREADS around computing
//	Sleep, Block, Await     the same around a wait
//	Yield                   time.sleep(0)
//	Lock, Cond, Queue       threading.Lock, threading.Condition, queue.Queue
//	forced switch           FORCE_SWITCHING: who dropped the lock on request waits until another has it
//	lost race               a waiter that was signalled, and found the lock taken again
//
// # The generations
//
// Up to 3.1 ([Ticks]): the lock is a semaphore. After every n ticks, which are about bytecodes, the holder releases it and
// at once wants it back. Each time it wakes a waiter, who mostly comes too late (!): on two cores much work is for nothing.
//
//	holder  ###|###|###|###|###|~~~~~~~~~~~
//	waiter  ~~~~~~!~~~!~~~!~~~~~###|###|###
//
// 3.2 to 3.12 ([Interval]): a waiter waits for the interval; when nobody has taken the lock meanwhile it asks for it. The
// holder sees that at its next checkpoint, drops the lock, and waits until another has it: a forced switch. More waiters
// do not make the slices shorter, since each begins its interval anew when the lock has changed hands.
//
//	holder  ######################## drops ~~~~~~~~
//	waiter  ~~~~ interval ~~~~ asks ^ wakes ########
//
// A thread that drops the lock by itself, to wait, hands it to nobody: the woken waiter may find it taken again. So a
// thread that waits often, beside one that computes, gets the lock back an interval late each time: the convoy.
//
//	computes  ##################~####################~###########
//	waits     ~~~~ interval ~~~~#..~~~~ interval ~~~~#..~~~~~~~~~~
//
// 3.12 ([PerInterpreter]): the same lock, once for each interpreter that asked for one of its own. 3.13 ([Interval313]):
// the request to drop is a bit of the thread that is asked, in place of one for all; in time it is the same lock. Free
// threading ([Free]): no lock; computing is slower by a factor, and cores are what threads share.
//
// # Two clocks
//
// Under [Real] threads are goroutines and the lock is a real one; Compute computes. It serialises code as a GIL does, but
// a goroutine wakes up to a hundred times faster than an operating system's thread, so that the races for a free lock end
// otherwise: neither the convoy's figures nor 2.7's come out, whatever the policy. Config.Scale makes it slow enough to
// watch. Under [Virtual] a machine with Config.Cores cores and the constants of [Machine] is simulated: threads are
// coroutines of one goroutine, time jumps from event to event, and a program that gets nothing from outside runs the same,
// to the byte of its [quartet.Timeline], for the same seed, on every architecture. Code between the calls of this package
// takes no virtual time. What comes from outside (a submit, a resume, the end of a Block) enters at the current virtual
// time. The times in contexts are real. [Simulate] runs programs that are given as steps, without tasks or goroutines.
//
// Under Virtual it is checked always that at most one thread holds a lock, that no wake-up is lost, that time does not go
// back, that a forced switch changes the holder, and that the states of each thread add up to its time.
//
// # What is modelled, and what is not
//
// Modelled: the lock's algorithm; cores with a run queue and a quantum; timers that are late; wake-ups that are slower when
// a core sleeps deeply; wake-ups that land on a busy core; what signals, calls of the kernel, and taking and releasing the
// lock cost. Not modelled: caches and their misses, frequencies of cores, hyper-threads, priorities, other programs,
// garbage collection, per-object locks of a free-threaded build, I/O devices.
//
// # Fidelity
//
// The machine [LinuxVM] against medians measured on CPython, on a virtual machine of two cores under Linux. It reproduces
// that one machine's CPython, and no more is claimed. TestFidelity computes each row over five seeds. No row misses its
// tolerance; p99 is printed and not held to one.
//
//	experiment                                              predicted    real   error  tolerance
//	n CPU threads against sequence, 3.8 to 3.13, n = 1..8  1.00..1.01     1.0    +1 %  ±10 %
//	the same, 2.7, n = 2                                          1.75     1.5   +17 %  ±25 %
//	the same, 2.7, n = 4                                         2.10     2.0    +5 %  ±25 %
//	the same, 2.7, n = 8                                         2.56     2.8    -9 %  ±25 %
//	switches per second, interval 100 µs                         4028    4600   -12 %  ±20 %
//	switches per second, interval 1 ms                            727     790    -8 %  ±20 %
//	switches per second, interval 5 ms                            183     186    -1 %  ±10 %
//	switches per second, interval 20 ms                          48.8    48.6    +0 %  ±10 %
//	switches per second, interval 100 ms                         9.95     9.9    +1 %  ±10 %
//	hold time p50, interval 1 ms, ms                             1.13    1.13    +0 %  ±5 %
//	hold time p50, interval 5 ms, ms                             5.22    5.19    +1 %  ±5 %
//	hold time p50, interval 20 ms, ms                           20.26   20.24    +0 %  ±5 %
//	echo, 0.5 ms think time, alone, per second                   1474    1560    -6 %  ±10 %
//	echo beside a CPU thread, interval 100 µs, per second        1091    1150    -5 %  ±20 %
//	echo beside a CPU thread, interval 1 ms, per second           498     564   -12 %  ±20 %
//	echo beside a CPU thread, interval 5 ms, per second           164     170    -3 %  ±10 %
//	echo beside a CPU thread, interval 20 ms, per second         47.2      47    +1 %  ±10 %
//	its p50, interval 1 ms, ms                                   1.80    1.75    +3 %  ±10 %
//	its p50, interval 5 ms, ms                                   5.88     5.8    +1 %  ±10 %
//	its p50, interval 20 ms, ms                                 20.93    20.9    +0 %  ±10 %
//	wake-up beside a CPU thread, interval 5 ms, p50, ms          3.22    3.43    -6 %  ±10 %
//	wake-up, p90, ms                                             5.34    5.24    +2 %  ±15 %
//	wake-up, mean, ms                                            3.27    3.45    -5 %  ±15 %
//	wake-up, p99, ms                                             8.06     9.0   -10 %  printed
//	500 µs compute + 2 ms wait, n = 4, share of bound            1.00   0.945    +6 %  ±10 %
//	500 µs compute + 2 ms wait, n = 8, share of bound            0.92    0.86    +7 %  ±10 %
//	50 µs compute + 200 µs wait, n = 4, share of bound           0.95    0.95    -0 %  ±10 %
//	50 µs compute + 200 µs wait, n = 8, share of bound           0.72    0.60   +20 %  ±30 %
//	10 threads sleeping 2 ms × 15, speed-up                       9.8     9.7    +1 %  ±10 %
//	50 threads sleeping 2 ms × 15, speed-up                      45.5    40.8   +11 %  ±20 %
//	probe beside a call that holds the lock, stall/call          0.99    1.02    -3 %  ±5 %
//	probe beside a call that releases it, stall/call            0.037    0.03   +24 %  below 0.1
//	two interpreters of own lock against sequence                0.50    0.55    -9 %  ±15 %
//	2.7, switches per second, check interval 100                11760   11000    +7 %  factor 1.5
//	2.7, switches per second, check interval 1000                1607    2030   -21 %  factor 1.5
//
// Of the machine's constants [Calibrate] measures TimerSlack, HotWake, ColdWake, Signal, Call and Spawn on the machine it
// runs on. WakeTail and WakeTailMax are fitted, on the switches per second of 2.7; Misplaced is fitted, on the switches per
// second at 1 to 20 ms. HotWindow, Check, Tick, TakeRelease and Quantum are the kernel's and the interpreter's, taken from
// what was measured of them apart from these rows.
//
// Known limits. An echo without think time beside a CPU thread is bistable in CPython itself: 184 to 15,200 per second
// were seen of one program on one machine; TestFidelityBands gives the simulated band, which stays in the slow state. Of
// two and more CPU threads beside I/O the figures agree within a factor of 2 to 3. Both are printed as bands over seeds
// and over a machine whose latencies are 30 % shorter or longer; read such figures so.
//
// # A capacity model
//
// A service's program is given as data ([Workload] and [Load]: so many threads, each computing, holding, released and
// waiting for so long) and run by [WhatIf] under several policies and numbers of cores: how many requests per second a
// thread count gives, where the knee is, and what sub-interpreters, processes or no lock would change. Give it
// distributions that were measured in the service, and the constants of its machine (Calibrate); look at the band over
// seeds and over [Machine.Scaled] by ±30 % before you believe a difference; compare one point with the service before you
// believe a curve. examples/gilwhatif is such a model with a command line.
//
// # Costs
//
// [Thread.Checkpoint] takes 1.3 ns when nobody asks, [Checkpoint] 9.4. Under Virtual an event of the step form takes about
// 0.1 µs with 10 threads and 0.14 with 100, one of a task about 0.4 (two cores, medians of three).
//
// # When not to use it
//
// To protect data: that is what a mutex is for; a global lock makes no operation of several steps atomic. To limit
// concurrency: use a worker pool. It is for finding out what a global lock would do, and for teaching it.
package gil
