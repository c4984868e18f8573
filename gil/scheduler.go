package gil

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/task"
)

// Clock says whose time a scheduler keeps.
type Clock uint8

const (
	Real    Clock = iota // threads are goroutines, and the lock is real
	Virtual              // threads are simulated, and time jumps from one event to the next
)

// Config is the configuration of a scheduler. The zero value is CPython's, since 3.2: Interval(5 ms), in real time. New
// panics on negative sizes, naming the field.
type Config struct {
	// Policy is how threads share the lock. Default: Interval(5 ms).
	Policy Policy
	// Clock is Real or Virtual. Default: Real.
	Clock Clock
	// Cores is how many processors a Virtual machine has. Default: 2. In real time the machine's count.
	Cores int
	// Seed decides the jitter of a Virtual machine: the same seed, the same run. Default: 0.
	Seed uint64
	// Machine has the constants of a Virtual machine. Default: LinuxVM.
	Machine Machine
	// Scale is how many times as long everything takes under the Real clock, for eyes to follow: 20 makes a second of
	// 50 ms. Default: 1.
	Scale int
	// Queue is how many threads may wait for their first turn. Default: 65,536.
	Queue int
	// InFlight is how many accepted tasks may be unfinished. Default: 65,536.
	InFlight int
	// CloseWarning is after what time Close logs once what it still waits for. Default: 10 s.
	CloseWarning time.Duration
	// ExactTimes measures every task for Stats; by default every 64th is.
	ExactTimes bool
	// Observer sees the steps of the threads: one that does not hold the lock shows as suspended. Default: none.
	Observer quartet.Observer
	// Stall is after what time, real, OnStall gets a [*StallError] about a thread that keeps the lock and reaches no
	// checkpoint, while others want it; under the Virtual clock also a [*DeadlockError] when all threads wait, one at least
	// for a Lock that another has. Default: 1 s.
	Stall time.Duration
	// OnStall is told once for each stall, on a goroutine of the scheduler's, and should return soon. Default: it is logged.
	OnStall func(error)
	// OnPanic gets a *quartet.PanicError, or quartet.ErrGoexit, when a thread or a hook panics or exits. Without it such a
	// panic crashes the program, unless a future carries it.
	OnPanic func(error)
}

// Scheduler runs each task as a thread of an interpreter with a global lock. Make one with [New]. All methods may be
// called from any goroutine, but Close not from inside a thread. It is a [quartet.Runner].
type Scheduler struct {
	in     intake.Intake
	cfg    Config
	engine engine
	wiring wiring
}

// engine runs threads under one clock. Its methods, but join, are called by threads, and ready locked.
type engine interface {
	ready()                        // locked: tasks are queued
	mine(n *task.Node) bool        // n is the thread that runs now, so that the caller may be it
	eye(n *task.Node) *atomic.Bool // false: a checkpoint of n would do nothing
	checkpoint(n *task.Node)       // gives the lock up if asked to
	yield(n *task.Node)            // gives the lock up if anybody wants it
	compute(n *task.Node, do Do, d time.Duration)
	wait(ctx context.Context, n *task.Node, arm func(resume func())) error
	sleep(ctx context.Context, n *task.Node, d time.Duration) error
	block(n *task.Node, fn func())
	join() // waits until no goroutine is left
}

var _ quartet.Runner = (*Scheduler)(nil)

// New returns a scheduler. It panics when a size is negative, naming the field.
func New(cfg Config) *Scheduler {
	if cfg.Clock > Virtual {
		panic("gil: Config.Clock is unknown")
	}
	cfg.fill()
	queue := cfg.Queue
	if queue == 0 {
		queue = 65_536
	}
	s := &Scheduler{cfg: cfg}
	ic := intake.Config{
		Name: "gil", Host: s, Queue: queue, InFlight: cfg.InFlight, OnPanic: cfg.OnPanic,
		CloseWarning: cfg.CloseWarning, ExactTimes: cfg.ExactTimes, Observer: cfg.Observer,
	}
	if cfg.Clock == Virtual {
		if cfg.Observer != nil {
			ic.Observer = startsAndEnds{cfg.Observer}
		}
		v := newVirtual(s)
		s.engine, ic.Now, ic.Timeless = v, v.wallTime, true
	} else {
		s.engine = newReal(s)
	}
	ic.Ready = s.engine.ready
	s.in.Init(ic)
	return s
}

// fill puts in the defaults, and panics on nonsense.
func (cfg *Config) fill() {
	intake.NotNegative("gil", "Cores", cfg.Cores)
	intake.NotNegative("gil", "Scale", cfg.Scale)
	intake.NotNegative("gil", "Stall", int(cfg.Stall))
	if cfg.Stall == 0 {
		cfg.Stall = time.Second
	}
	if cfg.OnStall == nil {
		cfg.OnStall = logStall
	}
	if cfg.Scale == 0 {
		cfg.Scale = 1
	}
	if cfg.Policy == nil {
		cfg.Policy = CPython38()
	}
	if cfg.Cores == 0 {
		cfg.Cores = 2
	}
	if cfg.Machine == (Machine{}) {
		cfg.Machine = LinuxVM
	}
	cfg.Machine.validate()
}

// SubmitTask hands t over, to run as a thread. It returns [quartet.ErrClosed] or the cause of ctx's end when t is refused.
// It waits while Config.Queue threads wait for their first turn, or Config.InFlight are unfinished.
func (s *Scheduler) SubmitTask(ctx context.Context, t quartet.Task) error {
	intake.NotNil("gil", "SubmitTask", t)
	return s.in.Submit(ctx, t)
}

// SubmitCall is SubmitTask for a call of a named function.
func (s *Scheduler) SubmitCall(ctx context.Context, c quartet.Call) error {
	intake.NotNil("gil", "SubmitCall", c)
	return s.in.Submit(ctx, c)
}

// Stats returns a snapshot of the threads' numbers: Running is the one with the lock, Waiting are those without it.
func (s *Scheduler) Stats() quartet.Stats { return s.in.Stats() }

// Shutdown refuses new work from outside and waits until all that was accepted has ended. When ctx ends first, it
// cancels the contexts of the threads that have started, abandons the queued ones with [quartet.ErrClosed], and returns
// ctx's cause without waiting further. With the ctx of a thread of this scheduler it begins the shutdown and returns
// [quartet.ErrInside].
func (s *Scheduler) Shutdown(ctx context.Context) error {
	if err := s.in.Drain(ctx); err != nil {
		return err
	}
	s.engine.join()
	return nil
}

// Close abandons what is queued and cancels what has started, with cause [quartet.ErrClosed], and waits until nothing is
// left. The error is always nil.
func (s *Scheduler) Close() error {
	s.in.CancelAndWait()
	s.engine.join()
	return nil
}
