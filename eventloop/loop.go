package eventloop

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/fiber"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/task"
)

// ErrRunning is what Run and Step return while the loop runs already, also inside one of its
// callbacks.
var ErrRunning = errors.New("eventloop: the loop runs already")

// Loop is a single-threaded event loop. Make one with [New]. Post, the timers, KeepAlive, Stop,
// Stats and the methods of [quartet.Runner] may be called from any goroutine. Immediate, NextTick
// and Microtask may be called only on the loop, that is, in its callbacks and tasks.
type Loop struct {
	in    intake.Intake
	cfg   Config
	inbox inbox

	// Guarded by in's lock.
	leaving  bool
	running  bool
	stop     error         // why Run is to return after the current callback
	done     chan struct{} // closed when Run has returned
	parkedAt time.Duration // when the loop parked, or its Run ended
	rousedAt time.Duration // when it was last woken
	starts   int           // posted entries that start a task
	wakes    queue         // of tasks, while Run waits for their end
	timers   calendar
	sleeps   calendar // of tasks
	owed     map[*owed]struct{}
	errands  map[*errand]struct{} // on their way to other executors
	conns    map[*Conn]struct{}
	servers  map[*Listener]struct{}
	closing  queue // ends of connections
	closed   bool  // queued work has been dropped
	seq      uint64
	held     int // KeepAlive holds, referenced timers
	blocking blockers
	buffers  bufferPool
	poller   poller // has a lock of its own, which is taken after a connection's and after in's
	helpers  sync.WaitGroup
	health   health
	startErr error // what ended a started loop
	alarm    *time.Timer
	dog      watchdog

	callbacks  atomic.Uint64 // the last number that Config.Callbacks was told
	wake       chan struct{}
	refused    chan struct{} // closed when posts are refused
	base       time.Time
	began      time.Duration // of Config.Clock, when the loop was made
	attention  atomic.Uint32
	nextDue    atomic.Int64          // no timer is due before; written under the lock
	asleep     atomic.Bool           // parked, or about to look once more before; written under the lock
	ending     atomic.Bool           // posts are refused, and accepted ones may still run; written under the lock
	hasClosing atomic.Bool           // closing is not empty; written under the lock
	driver     atomic.Int64          // number of the goroutine that drives the turns
	place      atomic.Pointer[place] // of the running callback, under Debug
	current    atomic.Pointer[task.Node]
	uploads    atomic.Int64 // requests of Handler whose body has not been read

	// Used only on the loop's goroutine.
	fibers     fiber.Pool
	strands    []*strand // for reuse
	live       int       // fibers that have started a task and not ended
	turn       turn
	breath     breath
	readInto   []byte // what OnData gets
	ticks      ring[func()]
	microtasks ring[entry]
	immediates []*Immediate
	slab       []Immediate  // for the next ones
	starting   *task.Node   // what the next new fiber runs
	driving    *fiber.Fiber // the coroutine that drives the turns
	runTask    func()       // method values, made once
	drive      func()
}

var _ quartet.Runner = (*Loop)(nil)

// New returns a loop. It panics when a size is negative, naming the field.
func New(cfg Config) *Loop {
	intake.Must(cfg.check())
	cfg.setDefaults()
	l := &Loop{
		cfg: cfg, wake: make(chan struct{}, 1), refused: make(chan struct{}), base: time.Now(),
		owed: make(map[*owed]struct{}), errands: make(map[*errand]struct{}),
	}
	if cfg.OnSlow == nil {
		l.cfg.OnSlow = l.logSlow
	}
	l.conns, l.servers = make(map[*Conn]struct{}), make(map[*Listener]struct{})
	l.buffers.size = cfg.Conn.ReadBuffer
	l.runTask, l.drive = l.runStarting, l.turns
	l.turn.fresh = true
	l.timers, l.sleeps = newCalendar(), newCalendar()
	l.nextDue.Store(int64(never))
	if cfg.Clock != nil {
		l.began = time.Duration(cfg.Clock.since.Load())
	}
	l.in.Init(intake.Config{
		Package: "eventloop", Name: cfg.Name, Logger: cfg.Logger, Around: cfg.Around, Host: l, Model: modelOf,
		Named:     true,
		Goroutine: goroutineOf, Ready: l.ready, Blockers: l.blockers, MayWait: l.MayWait,
		Queue: cfg.Queue, InFlight: cfg.InFlight,
		Now: l.time, Timeless: cfg.Clock != nil,
		OnPanic: cfg.OnPanic, CloseWarning: cfg.CloseWarning, ExactTimes: cfg.ExactTimes, Observer: cfg.Observer,
	})
	l.in.HoldLocked() // see refusePosts
	return l
}

func (l *Loop) logSlow(ran time.Duration, stack []byte) {
	l.in.Logger().Warn("eventloop: a callback keeps the loop", "executor", l.Name(), "for", ran, "stack", string(stack))
}

// made panics when New has not made l.
func (l *Loop) made() {
	if l == nil || l.wake == nil {
		panic("eventloop: a Loop that New has not made")
	}
}

// Name returns Config.Name, or its default.
func (l *Loop) Name() string {
	l.made()
	return l.in.Name()
}

// pushClosing is locked.
func (l *Loop) pushClosing(fn func()) {
	l.closing.push(entry{fn: fn})
	l.hasClosing.Store(true)
	l.rouse()
}

// ready is locked. Invariant: the posts hold one start for each queued task.
func (l *Loop) ready() {
	if l.in.DrainedLocked() {
		l.rouse()
	}
	for ; l.starts < l.in.LenLocked(); l.starts++ {
		l.push(entry{})
	}
}

// SubmitTask hands t over, to run as a fiber on the loop. If t is refused, it returns
// [quartet.ErrClosed] or the cause of ctx's end. Without room it waits. On the loop itself only a
// task with its own ctx can wait; others get an error that is [quartet.ErrDeadlock].
func (l *Loop) SubmitTask(ctx context.Context, t quartet.Task) error {
	l.made()
	intake.NotNil("eventloop", "SubmitTask", ctx, t)
	return l.submit(task.Of(ctx, t))
}

// SubmitCall is SubmitTask for a call of a named function.
func (l *Loop) SubmitCall(ctx context.Context, c quartet.Call) error {
	l.made()
	intake.NotNil("eventloop", "SubmitCall", ctx, c)
	return l.submit(task.Of(ctx, c))
}

// Go runs fn as a task without a future. It never waits, so callbacks may call it. Without room it
// returns [quartet.ErrSaturated], after Shutdown or Close [quartet.ErrClosed].
func (l *Loop) Go(fn func(ctx context.Context)) error {
	l.made()
	intake.NotNil("eventloop", "Go", context.Background(), quartet.TaskFunc(fn))
	return l.in.TrySubmitNode(task.Of(context.Background(), quartet.TaskFunc(fn)))
}

// KeepAlive keeps Run from returning, and Shutdown waiting, until release is called. It is for work
// under way elsewhere that will come back to the loop. release is idempotent and may be called from
// any goroutine. Close does not wait for it. Health and the warning of a slow Shutdown show name.
func (l *Loop) KeepAlive(name string) (release func()) {
	l.made()
	o := l.owe()
	l.in.Lock()
	l.health.hold(name, 1)
	l.in.Commit()
	return sync.OnceFunc(func() {
		l.in.Lock()
		defer l.in.Commit()
		l.health.hold(name, -1)
		if _, ok := l.owed[o]; ok {
			delete(l.owed, o)
			l.in.ReleaseLocked(1)
			l.rouse()
		}
	})
}

// hold is locked. It changes the number of things that keep Run from returning.
func (l *Loop) hold(n int) {
	if l.held += n; l.held == 0 {
		l.rouse()
	}
}

// owed is a callback that Then or KeepAlive has promised.
type owed struct{ _ byte } // not empty, so that each has an address of its own

// Then posts fn with f's result to the loop when f has ended. Until then it keeps Run from
// returning, and Shutdown waits for it. After Close fn never runs. Then may be called from any
// goroutine.
func Then[T any](l *Loop, f *quartet.Future[T], fn func(T, error)) {
	l.made()
	if fn == nil {
		panic("eventloop: Then of a nil func")
	}
	o := l.owe()
	f.OnDone(func() { l.pay(o, func() { fn(f.Result()) }) })
}

func (l *Loop) owe() *owed {
	l.in.Lock()
	defer l.in.Commit()
	o := &owed{}
	l.owed[o] = struct{}{}
	l.in.HoldLocked()
	return o
}

// pay posts fn, unless Close has waived it. The hold passes from o to the post.
func (l *Loop) pay(o *owed, fn func()) {
	l.in.Lock()
	defer l.in.Commit()
	if _, ok := l.owed[o]; ok {
		delete(l.owed, o)
		l.pushCall(fn)
		l.in.ReleaseLocked(1)
	}
}
