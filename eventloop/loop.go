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
	// Locks, in the order in which a goroutine may take them: a connection's, that of in (here
	// called the loop's lock), that of the inbox. The poller's and an exchange's are taken last,
	// and nothing is taken under them. Code that holds the loop's lock and has to change a
	// connection therefore leaves that to an effect (AfterLocked), which runs when the lock is
	// free.
	//
	// The loop's goroutine is whichever goroutine is in Run or Step. There is one at a time:
	// running is true from begin to end. Callbacks run on the coroutine that drives the turns, each
	// task on a coroutine of its own, and only one of these coroutines moves at any moment. So
	// fields of the loop's goroutine need no lock.
	in    intake.Intake
	cfg   Config
	inbox inbox

	// Guarded by in's lock. stop is set at most once in a Run, by whoever is first; begin clears
	// it. leaving follows stop: it becomes true when the loop has seen stop while tasks are left.
	leaving  bool
	running  bool
	stop     error         // why Run is to return after the current callback
	done     chan struct{} // closed when Run has returned
	parkedAt time.Duration // when the loop parked, or its Run ended: Idle counts from here
	rousedAt time.Duration // when it was last woken
	starts   int           // posted entries that start a task; see postStartsLocked
	wakes    queue         // of tasks, while Run waits for their end
	timers   calendar
	sleeps   calendar               // of tasks
	owed     map[*owed]struct{}     // a map, so that Close can waive all and a late pay finds nothing
	errands  map[*errand]struct{}   // on their way to other executors
	conns    map[*Conn]struct{}     // each is counted in held, and is a hold of in
	servers  map[*Listener]struct{} // each is counted in held
	closing  queue                  // ends of connections
	closed   bool                   // queued work has been dropped
	seq      uint64
	held     int // of Run: referenced timers, connections, listeners, errands, Start
	blocking blockers
	buffers  bufferPool
	poller   poller         // has a lock of its own, which is taken after a connection's and after in's
	helpers  sync.WaitGroup // goroutines of the loop's own; join waits for them
	health   health
	startErr error // what ended a started loop
	alarm    *time.Timer
	dog      watchdog

	// From here on: read or written without a lock, from several goroutines. A field that is
	// "written under the lock" may be read without, by whoever then takes the lock to be sure.
	callbacks  atomic.Uint64 // the last number that Config.Callbacks was told
	wake       chan struct{}
	refused    chan struct{} // closed when posts are refused
	base       time.Time
	began      time.Duration             // of Config.Clock, when the loop was made
	attention  atomic.Uint32             // bits of stopAsked and lookAsked, so that a turn pays one load for both
	nextDue    atomic.Int64              // no timer is due before; written under the lock
	asleep     atomic.Bool               // parked, or about to look once more before; written under the lock
	ending     atomic.Bool               // posts are refused, and accepted ones may still run; written under the lock
	hasClosing atomic.Bool               // closing is not empty; written under the lock
	driver     atomic.Int64              // number of the goroutine that drives the turns
	origin     atomic.Pointer[origin]    // of the running callback, under Debug
	current    atomic.Pointer[task.Node] // the task that runs; nil: a callback, or the loop itself
	uploads    atomic.Int64              // requests of Handler whose body has not been read

	// Used only on the loop's goroutine.
	fibers fiber.Pool
	// A goroutine that is not the loop's must not touch any of these, not even to count them.
	strands    []*strand // for reuse
	live       int       // fibers that have started a task and not ended; a Run ends only at 0
	turn       turn
	breath     breath
	readInto   []byte // what OnData gets
	ticks      ring[func()]
	microtasks ring[entry]
	immediates []*Immediate
	slab       []Immediate // for the next ones
	// It is read by runStarting before the next switch, so one field is enough.
	starting *task.Node   // what the next new fiber runs
	driving  *fiber.Fiber // the coroutine that drives the turns
	runTask  func()       // method values, made once
	drive    func()
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
	// The first Run takes a snapshot of the first phase, as every later phase does.
	l.turn.fresh = true
	l.timers, l.sleeps = newCalendar(), newCalendar()
	l.nextDue.Store(int64(never))
	if cfg.Clock != nil {
		l.began = time.Duration(cfg.Clock.since.Load())
	}
	l.in.Init(intake.Config{
		Package: "eventloop", Name: cfg.Name, Logger: cfg.Logger, Around: cfg.Around, Host: l, Model: modelOf,
		Named:     true,
		Goroutine: goroutineOf, Ready: l.postStartsLocked, Blockers: l.blockers, MayWait: l.MayWait,
		Queue: cfg.Queue, InFlight: cfg.InFlight,
		Now: l.time, Timeless: cfg.Clock != nil,
		OnPanic: cfg.OnPanic, CloseWarning: cfg.CloseWarning, ExactTimes: cfg.ExactTimes, Observer: cfg.Observer,
	})
	l.in.HoldLocked() // all posted callbacks together are one hold: see refusePosts
	return l
}

// It is the default of Config.OnSlow, so a slow callback is never silent.
func (l *Loop) logSlow(ran time.Duration, stack []byte) {
	l.in.Logger().Warn("eventloop: a callback keeps the loop", "executor", l.Name(), "for", ran, "stack", string(stack))
}

// made panics when New has not made l. Without it a zero Loop would fail later, with a nil channel
// on which it waits for ever.
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

// pushClosingLocked queues fn for the closing phase. hasClosing lets a turn pass the phase without
// the lock when the queue is empty. fn is not told to Config.Callbacks: an end is no callback that
// the program has given.
func (l *Loop) pushClosingLocked(fn func()) {
	l.closing.push(entry{fn: fn})
	l.hasClosing.Store(true)
	l.rouseLocked()
}

// postStartsLocked is in's Ready hook: nodes have been queued, or all has ended after a
// stop. Invariant: the posts hold at least one start for each queued task. A start names no task;
// the loop takes the oldest one when it comes to the entry. So a task that is abandoned in the
// queue leaves an entry that does nothing, and nobody has to search the posts for it.
func (l *Loop) postStartsLocked() {
	if l.in.DrainedLocked() {
		l.rouseLocked()
	}
	for ; l.starts < l.in.LenLocked(); l.starts++ {
		l.pushLocked(entry{})
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
// returns [quartet.ErrSaturated], after Shutdown or Close [quartet.ErrClosed]. It differs from
// SubmitTask on the loop, which would have to wait for room that only the loop can make. Its ctx is
// below no other, so it ends with the task, or with the loop.
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
	l.health.holdLocked(name, 1)
	l.in.Commit()
	return sync.OnceFunc(func() {
		l.in.Lock()
		defer l.in.Commit()
		l.health.holdLocked(name, -1)
		if _, ok := l.owed[o]; ok {
			delete(l.owed, o)
			l.in.ReleaseLocked(1)
			l.rouseLocked()
		}
	})
}

// holdLocked changes the number of things that keep Run from returning. At zero it wakes a parked
// loop, which may have to end its Run now. A higher count needs no wake: the loop sees it when it
// looks next. It is about Run only; what Shutdown waits for is held in the intake.
func (l *Loop) holdLocked(n int) {
	if l.held += n; l.held == 0 {
		l.rouseLocked()
	}
}

// owed is a callback that Then or KeepAlive has promised. Its address is its identity.
type owed struct{ _ byte } // not empty, so that each has an address of its own

// Then posts fn with f's result to the loop when f has ended. Until then it keeps Run from
// returning, and Shutdown waits for it. After Close fn never runs. Then may be called from any
// goroutine. OnDone runs on whichever goroutine ends f, so fn is posted even if that is the loop's:
// it must not run in the middle of another callback.
func Then[T any](l *Loop, f *quartet.Future[T], fn func(T, error)) {
	l.made()
	if fn == nil {
		panic("eventloop: Then of a nil func")
	}
	o := l.owe()
	f.OnDone(func() { l.pay(o, func() { fn(f.Result()) }) })
}

// owe registers a promise. It holds in for it, so that Shutdown waits, and stands in owed, so that
// Run does. Close waives all promises: it empties owed and gives their holds back in one step. One
// that comes later is waived at once, since nobody would pay it, and Close would wait for it.
func (l *Loop) owe() *owed {
	l.in.Lock()
	defer l.in.Commit()
	o := &owed{}
	if !l.closed && !l.in.DrainedLocked() {
		l.owed[o] = struct{}{}
		l.in.HoldLocked()
	}
	return o
}

// pay posts fn, unless Close has waived it. The hold passes from o to the post. pushCallLocked
// comes before the release, which may otherwise find nothing pending, and tell a Shutdown that the
// loop is drained although fn is still to run.
func (l *Loop) pay(o *owed, fn func()) {
	l.in.Lock()
	defer l.in.Commit()
	if _, ok := l.owed[o]; ok {
		delete(l.owed, o)
		l.pushCallLocked(fn)
		l.in.ReleaseLocked(1)
	}
}
