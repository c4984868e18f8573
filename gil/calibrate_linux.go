package gil

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// measureMachine writes what it measures into m, and says what part of its computing time others
// took. The four parts differ in where the sleeper is and in what the waker does before. Spinning
// keeps a far core just idle (HotWake), a nap lets it fall asleep (ColdWake), and a long spin
// between wake-ups on one core gives caches time to cool (Chill).
func measureMachine(m *Machine) (lost float64, err error) {
	cpus, err := allowedCPUs()
	if err != nil {
		return 0, err
	}
	far := cpus[len(cpus)-1]
	var w wakes
	for _, part := range []struct {
		sleeper, n int
		before     func()
		use        func(wake, signal time.Duration)
	}{
		{cpus[0], 300, func() { spin(50 * time.Microsecond) }, func(wake, signal time.Duration) {
			m.NearWake, m.Switch = wake, wake+signal
		}},
		{
			far, 500, func() { spin(50 * time.Microsecond) },
			func(wake, signal time.Duration) { m.HotWake, m.Signal = throughMutex(wake), signal },
		},
		{
			far, 150, func() { nap(2 * time.Millisecond) },
			func(wake, _ time.Duration) { m.ColdWake = max(throughMutex(wake), m.HotWake) },
		},
		{cpus[0], 60, func() { spin(chillTrial) }, func(_, signal time.Duration) {
			m.Chill = max(signal+m.NearWake-m.Switch, 0) * time.Millisecond / chillTrial
		}},
	} {
		wake, signal, err := w.measure(cpus[0], part.sleeper, part.n, part.before)
		if err != nil {
			return 0, err
		}
		part.use(wake, signal)
	}
	onThread(func() {
		for i, d := range slackKnots {
			m.TimerSlack[i] = median(times(int(min(100, 400*time.Millisecond/d)), func() time.Duration {
				return overshoot(d)
			}))
		}
		m.Call = median(times(100, kernelCall))
	})
	m.Spawn = spawnThread()
	return w.lost(), nil
}

// throughMutex is how long a thread takes to wake from a condition variable and take its mutex, as
// Python's do, if a bare futex wakes it after d. The factor was found by fitting HotWake to CPython
// on a machine on which Calibrate measured d.
func throughMutex(d time.Duration) time.Duration { return d * 9 / 5 }

const chillTrial = 4 * time.Millisecond

// wakes measures wake-ups, and keeps account of the time in which it computed.
type wakes struct{ wall, cpu time.Duration }

func (w *wakes) lost() float64 { return max(0, 1-w.cpu.Seconds()/max(1e-9, w.wall.Seconds())) }

// measure has a thread on one CPU wake one on another n times, and does something before each. It
// returns the medians of the time from the beginning of the call that wakes until the woken thread
// runs, and of the time that this call takes.
//
// The waker spins until the sleeper has noted its time, so each ring finds it asleep, or about to
// sleep. The sleeper's thread is locked and pinned, and ends with its goroutine; so does the
// waker's (onThread).
func (w *wakes) measure(waker, sleeper, n int, before func()) (wake, signal time.Duration, err error) {
	b := &bell{since: time.Now()}
	ended := make(chan error, 1)
	go func() { ended <- b.sleep(sleeper) }()
	onThread(func() {
		if err = pin(waker); err != nil {
			return
		}
		var woke, signals []time.Duration
		for range n {
			begun, cpu := time.Now(), threadTime()
			before()
			spent := time.Since(begun)
			if used := threadTime() - cpu; used > spent/2 { // it has computed, and not slept
				w.wall, w.cpu = w.wall+spent, w.cpu+used
			}
			b.at.Store(0)
			begin := time.Since(b.since)
			b.ring(rung)
			signals = append(signals, time.Since(b.since)-begin)
			if !b.awaits(waker == sleeper) {
				err = errors.New("a thread was not woken within a second")
				break
			}
			woke = append(woke, time.Duration(b.at.Load())-begin)
		}
		wake, signal = median(woke), median(signals)
	})
	b.ring(last)
	return wake, signal, errors.Join(err, <-ended)
}

// bell wakes one thread. It is a futex, since Python's locks are built on one: a channel would
// measure Go's scheduler.
type bell struct {
	since time.Time
	word  atomic.Uint32
	at    atomic.Int64 // how long after since the thread ran, in nanoseconds; 0: it has not yet
}

// What a bell's word says.
const (
	quiet uint32 = iota
	rung
	last
)

// ring stores the word before the call, so that a sleeper that is not asleep yet sees it and does
// not sleep.
func (b *bell) ring(how uint32) {
	b.word.Store(how)
	futex(&b.word, futexWake, 1, nil)
}

// sleep notes when the bell rings, until it rings for the last time. Its thread ends with it.
//
// A futex wait returns at once if the word has changed already, so a ring between the look and the
// wait is not lost.
func (b *bell) sleep(cpu int) error {
	runtime.LockOSThread()
	if err := pin(cpu); err != nil {
		return err
	}
	for {
		for b.word.Load() == quiet {
			futex(&b.word, futexWait, uintptr(quiet), nil)
		}
		at := time.Since(b.since)
		if b.word.Swap(quiet) == last {
			return nil
		}
		b.at.Store(int64(at))
	}
}

// awaits waits until the sleeper has run: on one CPU by making way for it.
func (b *bell) awaits(oneCPU bool) bool {
	for begin := time.Now(); b.at.Load() == 0; {
		if oneCPU {
			_, _, _ = syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0)
		}
		if time.Since(begin) > time.Second {
			return false
		}
	}
	return true
}

// onThread calls fn on a thread of its own, which ends with fn: its pinning reaches nobody
// else.
func onThread(fn func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		fn()
	}()
	<-done
}

// spawnThread is the time that it takes to start a thread: each goroutine that locks its thread and
// blocks makes the runtime start another one for the goroutine that waits for it, when there is no
// idle one left.
func spawnThread() time.Duration {
	release := make(chan struct{})
	defer close(release)
	start := func() time.Duration {
		locked := make(chan struct{})
		begin := time.Now()
		go func() {
			runtime.LockOSThread()
			close(locked)
			<-release
		}()
		<-locked
		return time.Since(begin)
	}
	_ = times(8+runtime.GOMAXPROCS(0), start)
	return median(times(40, start))
}

// overshoot is by how much a sleep of d is late.
func overshoot(d time.Duration) time.Duration {
	begin := time.Now()
	nap(d)
	return time.Since(begin) - d
}

// spin computes for d, by the clock.
func spin(d time.Duration) {
	for begin := time.Now(); time.Since(begin) < d; {
		compute(100)
	}
}

// kernelCall is what a call of the kernel takes that does next to nothing.
func kernelCall() time.Duration {
	const n = 100
	begin := time.Now()
	for range n {
		_, _, _ = syscall.RawSyscall(syscall.SYS_GETPPID, 0, 0, 0)
	}
	return time.Since(begin) / n
}

// The operations of a futex that is the process's own.
const (
	futexWait = 0 | 128
	futexWake = 1 | 128
)

// nap waits for d as a thread does that waits for a lock with a timeout.
func nap(d time.Duration) {
	until := syscall.NsecToTimespec(int64(d))
	futex(new(atomic.Uint32), futexWait, 0, &until)
}

// futex is the system call. Its result does not matter: callers look at the word again.
func futex(word *atomic.Uint32, op, value uintptr, timeout *syscall.Timespec) {
	_, _, _ = syscall.Syscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(word)), op, value,
		uintptr(unsafe.Pointer(timeout)), 0, 0)
}

// threadTime is the CPU time of the calling thread.
func threadTime() time.Duration {
	const rusageThread = 1
	var r syscall.Rusage
	_ = syscall.Getrusage(rusageThread, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// cpuSet is a set of CPUs, as the kernel has it.
type cpuSet [1024 / 8]byte

// allowedCPUs returns the CPUs that this process may use, two at least.
func allowedCPUs() ([]int, error) {
	var set cpuSet
	_, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, 0, unsafe.Sizeof(set),
		uintptr(unsafe.Pointer(&set)))
	if errno != 0 {
		return nil, fmt.Errorf("sched_getaffinity: %w", errno)
	}
	var cpus []int
	for cpu := range len(set) * 8 {
		if set[cpu/8]>>(cpu%8)&1 == 1 {
			cpus = append(cpus, cpu)
		}
	}
	if len(cpus) < 2 {
		return nil, errors.New("this process may use one CPU only: a wake-up on another cannot be measured")
	}
	return cpus, nil
}

// pin has the calling thread run on one CPU. It is a thread's property, so the goroutine must be
// locked to its thread.
func pin(cpu int) error {
	var set cpuSet
	set[cpu/8] |= 1 << (cpu % 8)
	_, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(set),
		uintptr(unsafe.Pointer(&set)))
	if errno != 0 {
		return fmt.Errorf("sched_setaffinity to CPU %d: %w", cpu, errno)
	}
	return nil
}
