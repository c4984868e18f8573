package eventloop

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/fiber"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/task"
)

// ErrRunning is returned by Run while the loop runs already, also from inside one of its callbacks.
var ErrRunning = errors.New("eventloop: the loop runs already")

// Config is the configuration of a loop. The zero value is useful; New panics on negative sizes, naming the field.
type Config struct {
	// Queue is how many tasks may wait for their start. Default: 65,536. Posted callbacks are not bound.
	Queue int
	// InFlight is how many accepted tasks may be unfinished. Default: 65,536.
	InFlight int
	// BlockLimit is how many functions given to quartet.Block run at once. Default: no limit. A limit can deadlock, when
	// all of them wait for one that waits for its turn.
	BlockLimit int
	// SlowCallback is for how long a callback, or a task between two waits, may keep the loop before OnSlow is told.
	// Default: 100 ms.
	SlowCallback time.Duration
	// OnSlow gets the live stack of a callback that keeps the loop, or of the endless chain of ticks that follows it, once,
	// on a goroutine of its own. Where several loops run, it gets the stacks of all that run. Default: a warning is logged.
	OnSlow func(ran time.Duration, stack []byte)
	// CloseWarning is after what time Close, or Shutdown, logs once what it still waits for. Default: 10 s.
	CloseWarning time.Duration
	// ExactTimes measures every task for Stats; by default every 64th is.
	ExactTimes bool
	// BeforeExit is called on the loop when nothing keeps it alive; what it adds keeps the loop running (Node's
	// 'beforeExit').
	BeforeExit func()
	// Observer sees the steps of the tasks. Default: none.
	Observer quartet.Observer
	// OnPanic gets a *quartet.PanicError, or quartet.ErrGoexit, when a callback, a task or a hook panics or exits. Without
	// it such a panic crashes the program, unless a future carries it, or StopOnPanic is set.
	OnPanic func(error)
	// StopOnPanic ends Run with the *quartet.PanicError of a callback or a bare task; what is queued stays.
	StopOnPanic bool
	// Conn is the configuration of the loop's connections.
	Conn ConnConfig
	// Debug checks that what belongs to the loop's goroutine is called there, and panics with both stacks.
	Debug bool
}

// Loop is a single-threaded event loop. Make one with [New]. Post, the timers, KeepAlive, Stop, Stats and the methods of
// [quartet.Runner] may be called from any goroutine; Immediate, NextTick and Microtask only on the loop, which is: in its
// callbacks and tasks.
type Loop struct {
	in    intake.Intake
	cfg   Config
	inbox inbox

	// Guarded by in's lock.
	leaving  bool
	running  bool
	stop     error         // why Run is to return after the current callback
	done     chan struct{} // closed when Run has returned
	parkedAt time.Duration
	starts   int   // posted entries that start a task
	wakes    queue // of tasks, while Run waits for their end
	timers   calendar
	sleeps   calendar // of tasks
	owed     map[*owed]struct{}
	errands  map[*errand]struct{} // on their way to other executors
	conns    map[*Conn]struct{}
	servers  map[*Listener]struct{}
	closing  queue // ends of connections
	closed   bool  // what is queued has been dropped
	seq      uint64
	held     int // KeepAlive holds, referenced timers
	blocking blockers
	buffers  bufferPool
	helpers  sync.WaitGroup
	health   health
	startErr error // what ended a started loop
	alarm    *time.Timer
	dog      watchdog

	wake       chan struct{}
	base       time.Time
	attention  atomic.Uint32
	nextDue    atomic.Int64          // no timer is due before; written under the lock
	asleep     atomic.Bool           // likewise: parked, or about to look once more before
	ending     atomic.Bool           // likewise: posts are refused, and those accepted not known to have ended
	hasClosing atomic.Bool           // likewise
	ownerID    atomic.Int64          // goroutine that runs callbacks, under Debug
	place      atomic.Pointer[place] // of the running callback, under Debug
	current    atomic.Pointer[task.Node]

	// Of the loop's goroutine.
	fibers     fiber.Pool
	strands    []*strand // for reuse
	live       int       // fibers that have started a task and not ended
	turn       turn
	ticks      ring[func()]
	microtasks ring[entry]
	immediates []*Immediate
	slab       []Immediate // for the next ones
	starting   *task.Node  // what the next new fiber runs
	runTask    func()      // method values, made once
	drive      func()
}

var _ quartet.Runner = (*Loop)(nil)

// New returns a loop. It panics when a size is negative, naming the field.
func New(cfg Config) *Loop {
	intake.NotNegative("eventloop", "BlockLimit", cfg.BlockLimit)
	intake.NotNegative("eventloop", "SlowCallback", int(cfg.SlowCallback))
	if cfg.SlowCallback == 0 {
		cfg.SlowCallback = 100 * time.Millisecond
	}
	if cfg.CloseWarning == 0 {
		cfg.CloseWarning = 10 * time.Second
	}
	if cfg.OnSlow == nil {
		cfg.OnSlow = func(ran time.Duration, stack []byte) {
			slog.Warn("eventloop: a callback keeps the loop", "for", ran, "stack", string(stack))
		}
	}
	cfg.Conn = cfg.Conn.withDefaults()
	l := &Loop{cfg: cfg, wake: make(chan struct{}, 1), base: time.Now(), owed: make(map[*owed]struct{}), errands: make(map[*errand]struct{})}
	l.conns, l.servers = make(map[*Conn]struct{}), make(map[*Listener]struct{})
	l.buffers.size = cfg.Conn.ReadBuffer
	l.runTask, l.drive = l.runStarting, l.turns
	l.turn.fresh = true
	l.timers, l.sleeps = newCalendar(), newCalendar()
	l.nextDue.Store(int64(never))
	queue := cfg.Queue
	if queue == 0 {
		queue = 65_536
	}
	l.in.Init(intake.Config{
		Name: "eventloop", Host: l, Ready: l.ready, Blockers: l.blockers,
		Queue: queue, InFlight: cfg.InFlight,
		OnPanic: cfg.OnPanic, CloseWarning: cfg.CloseWarning, ExactTimes: cfg.ExactTimes, Observer: cfg.Observer,
	})
	l.in.Hold() // see refusePosts
	return l
}

// pushClosing is locked.
func (l *Loop) pushClosing(fn func()) {
	l.closing.push(entry{fn: fn})
	l.hasClosing.Store(true)
	l.rouse()
}

// ready is locked: each queued task has an entry that starts the oldest.
func (l *Loop) ready() {
	if l.in.Drained() {
		l.rouse()
	}
	for ; l.starts < l.in.Len(); l.starts++ {
		l.push(entry{})
	}
}

// SubmitTask hands t over, to run as a fiber on the loop. It returns [quartet.ErrClosed] or the cause of ctx's end when t
// is refused. Without room it waits; a callback must not wait on its own loop for room, a task may.
func (l *Loop) SubmitTask(ctx context.Context, t quartet.Task) error {
	intake.NotNil("eventloop", "SubmitTask", t)
	return l.in.Submit(ctx, t)
}

// SubmitCall is SubmitTask for a call of a named function.
func (l *Loop) SubmitCall(ctx context.Context, c quartet.Call) error {
	intake.NotNil("eventloop", "SubmitCall", c)
	return l.in.Submit(ctx, c)
}

// Go runs fn as a task, without a future: SubmitTask that never waits, so that callbacks may call it too. Without room it
// returns [quartet.ErrSaturated], after Shutdown or Close [quartet.ErrClosed].
func (l *Loop) Go(fn func(ctx context.Context)) error {
	intake.NotNil("eventloop", "Go", quartet.TaskFunc(fn))
	return l.in.TrySubmitNode(task.Of(context.Background(), quartet.TaskFunc(fn)))
}

// KeepAlive keeps Run from returning, and Shutdown waiting, until release is called, which is idempotent and safe from
// any goroutine: somebody has something under way that concerns the loop. Close does not wait for it. name is what Health
// and the warning of a Shutdown that waits long call it.
func (l *Loop) KeepAlive(name string) (release func()) {
	o := l.owe()
	l.in.Lock()
	l.health.hold(name, 1)
	l.in.Unlock()
	return sync.OnceFunc(func() {
		l.in.Lock()
		defer l.in.Unlock()
		l.health.hold(name, -1)
		if _, ok := l.owed[o]; ok {
			delete(l.owed, o)
			l.in.Release(1)
			l.rouse()
		}
	})
}

// hold is locked: n more, or less, things keep Run from returning.
func (l *Loop) hold(n int) {
	if l.held += n; l.held == 0 {
		l.rouse()
	}
}

// owed is a callback that somebody has been promised.
type owed struct{ _ byte } // not empty: each has an address of its own

// Then has fn run on the loop with f's result when f has ended, as if posted then. It keeps Run from returning, and
// Shutdown waits for it; Close does not: fn never runs after that. It may be called from any goroutine.
func Then[T any](l *Loop, f *quartet.Future[T], fn func(T, error)) {
	if fn == nil {
		panic("eventloop: Then of a nil func")
	}
	o := l.owe()
	f.OnDone(func() { l.pay(o, func() { fn(f.Result()) }) })
}

func (l *Loop) owe() *owed {
	l.in.Lock()
	defer l.in.Unlock()
	o := &owed{}
	l.owed[o] = struct{}{}
	l.in.Hold()
	return o
}

// pay posts what is owed, unless Close has waived it. The post is held by itself.
func (l *Loop) pay(o *owed, fn func()) {
	l.in.Lock()
	defer l.in.Unlock()
	if _, ok := l.owed[o]; ok {
		delete(l.owed, o)
		l.pushCall(fn)
		l.in.Release(1)
	}
}
