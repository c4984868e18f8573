package gil

import "time"

// CPython27 is CPython 2.7: Ticks(100).
func CPython27() Policy { return Ticks(100) }

// CPython38 is CPython 3.2 to 3.11: Interval(5 ms).
func CPython38() Policy { return Interval(5 * time.Millisecond) }

// CPython312 is one interpreter of CPython 3.12: Interval(5 ms). PerInterpreter(k, CPython312()) is
// k with locks of their own.
func CPython312() Policy { return Interval(5 * time.Millisecond) }

// CPython313 is one interpreter of CPython 3.13 or 3.14: Interval313(5 ms).
func CPython313() Policy { return Interval313(5 * time.Millisecond) }

// CPython313t is the free-threaded build of 3.13: Free(1.4), as its documentation gives the cost on
// pyperformance.
func CPython313t() Policy { return Free(1.4) }

// CPython314t is the free-threaded build of 3.14: Free(1.1). Its documentation gives the cost as 5
// to 10 %. It has not been measured here.
func CPython314t() Policy { return Free(1.1) }

// Ruby31 is the lock of Ruby 2.6 to 3.2 (gvl_acquire_common in thread_pthread.c): the first waiter
// sleeps for 100 ms and then has the owner yield. Who releases the lock hands it to nobody, as in
// CPython.
func Ruby31() Policy { return Interval(100 * time.Millisecond) }

// Ruby33 is the lock since Ruby 3.3 (thread_sched in thread_pthread.c): the ready threads are a
// queue, a release hands the lock to its first, and after 100 ms its owner is made to yield. It has
// not been measured here.
func Ruby33() Policy { return FIFO(100 * time.Millisecond) }

// OCaml4 is the master lock of OCaml 4 (st_posix.h in systhreads): Every(50 ms).
func OCaml4() Policy { return Every(50 * time.Millisecond) }
