package gil

import (
	"context"
	"errors"
	"log/slog"
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

// Config is the configuration of a scheduler. The zero value is CPython's, since 3.2: Interval(5
// ms), in real time. New panics on negative sizes, naming the field.
type Config struct {
	// Name is what events, logs and metrics call this scheduler. Default: "gil".
	Name string
	// Logger gets the scheduler's warnings. Default: slog.Default.
	Logger *slog.Logger
	// Around is called around each task, on its goroutine. It calls run once, and returns what run
	// returns or another error in its place. run returns the error of the task's function; a panic
	// passes through Around. Default: none.
	Around func(ctx context.Context, info quartet.Info, run func(context.Context) error) error
	// Policy is how threads share the lock. Default: Interval(5 ms).
	Policy Policy
	// Clock is Real or Virtual. Default: Real.
	Clock Clock
	// Cores is how many processors a Virtual machine has. Default: 2. In real time the machine's
	// count.
	Cores int
	// Seed decides the jitter of a Virtual machine: the same seed, the same run. Default: 0.
	Seed uint64
	// Machine has the constants of a Virtual machine. Default: LinuxVM.
	Machine Machine
	// Scale is how many times as long everything takes under the Real clock, for eyes to follow: 20
	// makes a second of 50 ms. Default: 1.
	Scale int
	// Queue is how many threads may wait for their first turn. Default: 65,536.
	Queue int
	// InFlight is how many accepted tasks may be unfinished: queued, running or waiting. Default:
	// 65,536, or twice Queue where that is more.
	InFlight int
	// CloseWarning is the time after which Close logs, once, what it still waits for. Default: 10
	// s.
	CloseWarning time.Duration
	// ExactTimes measures every task for Stats. Default: every 64th is measured.
	ExactTimes bool
	// Observer sees the steps of the threads: one that does not hold the lock shows as suspended.
	// Default: none.
	Observer quartet.Observer
	// SlowThread is the real time after which OnSlow gets a [*SlowError] about a thread that keeps
	// the lock and reaches no checkpoint, while others want it. Under the Virtual clock OnSlow also
	// gets a [*DeadlockError] when all threads wait, at least one of them for a Lock that another
	// has. Default: 1 s.
	SlowThread time.Duration
	// OnSlow is told once for each, on a goroutine of the scheduler's, and should return
	// soon. Default: it is logged.
	OnSlow func(error)
	// OnPanic gets a *quartet.PanicError, or quartet.ErrGoexit, when a task, an Abandon or a hook
	// panics or exits. It is called on the goroutine where that happened. Without it such a panic
	// crashes the program, unless a future carries it to its waiters.
	OnPanic func(error)
}

// Scheduler runs each task as a thread of an interpreter with a global lock. Make one with [New].
// All methods may be called from any goroutine, but Close not from inside a thread. It is a
// [quartet.Runner]. Everything but in is set by New; the engine has the state.
type Scheduler struct {
	in     intake.Intake
	cfg    Config
	engine engine
	wiring wiring
}

// engine runs threads under one clock. Its methods, but join and readyLocked, are called by
// threads. There are two, real and virtual. A method that waits returns with the lock held again.
type engine interface {
	readyLocked()                  // tasks are queued
	mine(n *task.Node) bool        // n is the thread that runs now, so that the caller may be it
	eye(n *task.Node) *atomic.Bool // false: a checkpoint of n would do nothing
	checkpoint(n *task.Node)       // gives the lock up if asked to
	yield(n *task.Node)            // gives the lock up if anybody wants it
	compute(n *task.Node, do Do, d time.Duration)
	wait(ctx context.Context, n *task.Node, arm func(resume func())) error
	// acquire waits without the lock until attempt says that the wait is over. It is asked at once, and
	// after each call of the resume that it got. n wants the lock back only when the wait is over.
	acquire(ctx context.Context, n *task.Node, attempt func(resume func()) (over bool)) error
	sleep(ctx context.Context, n *task.Node, d time.Duration) error
	block(n *task.Node, fn func())
	clock() time.Time
	nest(n, parent *task.Node) (unnest func()) // n runs on parent's thread
	join()                                     // waits until no goroutine is left
}

var _ quartet.Runner = (*Scheduler)(nil)

// New returns a scheduler. It panics when a size is negative, naming the field.
func New(cfg Config) *Scheduler {
	intake.Must(cfg.check())
	cfg.setDefaults()
	s := &Scheduler{cfg: cfg}
	if cfg.OnSlow == nil {
		s.cfg.OnSlow = s.logSlow
	}
	ic := intake.Config{
		Package: "gil", Name: cfg.Name, Logger: cfg.Logger, Around: cfg.Around, Host: s,
		Model: func(n *task.Node) any { return (*run)(n) }, Named: true, Queue: cfg.Queue, InFlight: cfg.InFlight,
		OnPanic:      cfg.OnPanic,
		CloseWarning: cfg.CloseWarning, ExactTimes: cfg.ExactTimes, Observer: cfg.Observer,
	}
	if cfg.Clock == Virtual {
		if cfg.Observer != nil {
			ic.Observer = startsAndEnds{cfg.Observer}
		}
		v := newVirtual(s)
		// Timeless: the intake must not set timers, which would be real ones.
		s.engine, ic.Now, ic.Timeless = v, v.wallTime, true
	} else {
		s.engine = newReal(s)
	}
	ic.Ready = s.engine.readyLocked
	s.in.Init(ic)
	return s
}

// check returns an error if a field is out of range. It names the first one.
func (c *Config) check() error {
	err := intake.Wrong("gil",
		intake.NotNegative("Cores", c.Cores),
		intake.NotNegative("Scale", c.Scale),
		intake.NotNegative("Queue", c.Queue),
		intake.NotNegative("InFlight", c.InFlight),
		intake.NotNegative("CloseWarning", c.CloseWarning),
		intake.NotNegative("SlowThread", c.SlowThread),
	)
	switch {
	case err != nil:
		return err
	case c.Clock > Virtual:
		return errors.New("gil: Config.Clock is unknown")
	}
	if c.Machine == (Machine{}) {
		return nil // the default's
	}
	return c.Machine.check()
}

// setDefaults fills in the fields that are zero.
func (c *Config) setDefaults() {
	intake.SetDefault(&c.Name, "gil")
	intake.SetDefault(&c.Scale, 1)
	intake.SetDefault(&c.Cores, 2)
	intake.SetDefault(&c.Machine, LinuxVM)
	intake.SetDefault(&c.InFlight, intake.DefaultInFlight(c.Queue))
	intake.SetDefault(&c.Queue, 65_536) // after InFlight, whose default follows a Queue that was asked for
	intake.SetDefault(&c.SlowThread, time.Second)
	if c.Policy == nil {
		c.Policy = CPython38()
	}
}

// made panics when New has not made s.
func (s *Scheduler) made() {
	if s == nil || s.engine == nil {
		panic("gil: a Scheduler that New has not made")
	}
}

// SubmitTask hands t over, to run as a thread. It returns [quartet.ErrClosed] or the cause of ctx's
// end when t is refused. It waits while Config.Queue threads wait for their first turn, or
// Config.InFlight are unfinished.
func (s *Scheduler) SubmitTask(ctx context.Context, t quartet.Task) error {
	s.made()
	intake.NotNil("gil", "SubmitTask", ctx, t)
	return s.submit(task.Of(ctx, t))
}

// SubmitCall is SubmitTask for a call of a named function.
func (s *Scheduler) SubmitCall(ctx context.Context, c quartet.Call) error {
	s.made()
	intake.NotNil("gil", "SubmitCall", ctx, c)
	return s.submit(task.Of(ctx, c))
}

// Name returns Config.Name, or its default.
func (s *Scheduler) Name() string {
	s.made()
	return s.in.Name()
}

// Stats returns a snapshot of the threads' numbers: Running is the one with the lock, Waiting are
// those without it.
func (s *Scheduler) Stats() quartet.Stats {
	s.made()
	return s.in.Stats()
}

// Shutdown refuses new work from outside and waits until all that was accepted has ended. When ctx
// ends first, it cancels the contexts of the threads that have started, abandons the queued ones
// with [quartet.ErrClosed], and returns ctx's cause without waiting further. With the ctx of a
// thread of this scheduler it begins the shutdown and returns [quartet.ErrInside].
func (s *Scheduler) Shutdown(ctx context.Context) error {
	s.made()
	if err := s.in.Drain(ctx); err != nil {
		return err
	}
	s.engine.join()
	return nil
}

// Close abandons queued tasks and cancels started ones, with cause [quartet.ErrClosed], and waits
// until nothing is left. The error is always nil.
func (s *Scheduler) Close() error {
	s.made()
	// First, so that join finds no thread that could need the engine.
	s.in.CancelAndWait()
	s.engine.join()
	return nil
}

// Watch has the steps of the tasks sent to o, besides Config.Observer, until stop is called. It
// panics on a nil o.
func (s *Scheduler) Watch(o quartet.Observer) (stop func()) {
	s.made()
	return s.in.Watch(o)
}

// Tasks lists unfinished tasks, the first accepted first, at most so many: those that are queued,
// or those that have started.
func (s *Scheduler) Tasks(queued bool, most int) []quartet.TaskStatus {
	s.made()
	return s.in.Tasks(queued, most)
}
