package workerpool

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/task"
)

// Saturation says what a submit does when the pool has no room.
type Saturation uint8

const (
	Wait       Saturation = iota // wait for room, as far as the submit's ctx allows
	Reject                       // return quartet.ErrSaturated at once
	DropOldest                   // abandon the oldest queued task of no higher priority with quartet.ErrDiscarded, and take its room
)

// Config is the configuration of a pool. The zero value is useful; New panics on negative sizes, naming the field.
type Config struct {
	// Workers is how many tasks run at once. Default: GOMAXPROCS.
	Workers int
	// MinWorkers is how many idle goroutines are kept beyond IdleTimeout. Default: 0, at most Workers.
	MinWorkers int
	// Queue is how many tasks may wait for a worker, whatever their key or priority, and as many more as workers are free;
	// each place costs 128 bytes. Default: 1,024.
	Queue int
	// Saturation is what happens to a submit when the queue or InFlight is full. Default: Wait. A submit from inside a
	// task of the pool is not bound by InFlight.
	Saturation Saturation
	// RejectLate refuses a submit from outside with quartet.ErrSaturated at once when its ctx has a deadline, the task
	// would have to wait, and it may end too late if it and those before it take as long as tasks have taken of late: work
	// that nobody will wait for is better refused than queued. That time is a mean: where run times differ, let deadlines
	// be somewhat earlier than what is promised, and give tasks that take much longer a pool of their own. Until the first
	// task has ended, its time so far is what is known: Queue bounds what is accepted then. All tasks are timed but funcs
	// of Go. Default: off.
	RejectLate bool
	// InFlight is how many accepted tasks may be unfinished: queued, running or waiting. Default: 65,536.
	InFlight int
	// IdleTimeout is how long a goroutine without work is kept. Default: 10 s.
	IdleTimeout time.Duration
	// CloseWarning is after what time Close logs once what it still waits for. Default: 10 s.
	CloseWarning time.Duration
	// ExactTimes measures every task for Stats; by default every 64th is, and every 256th func of Go.
	ExactTimes bool
	// Observer sees the steps of the tasks. Default: none.
	Observer quartet.Observer
	// OnPanic gets a *quartet.PanicError, or quartet.ErrGoexit, when a task, an Abandon or a hook panics or exits, on the
	// goroutine where it happened. Without it such a panic crashes the program, unless a future carries it.
	OnPanic func(error)
}

// Pool runs tasks on at most Config.Workers goroutines at once. Make one with [New]. All methods may be called from any
// goroutine, but Close not from inside a task of the pool. It is a [quartet.Runner].
type Pool struct {
	in     intake.Intake
	cfg    Config
	exited sync.WaitGroup // one per goroutine of the pool
	called atomic.Bool    // something has come since a worker began to linger

	// Guarded by in's lock.
	slots     int // taken: by running tasks
	returning []*returning
	idle      []*worker // parked, the one parked last at the end
	reaper    *time.Timer
	reaping   bool
	searching bool       // a worker is on its way to the queue
	handed    *task.Node // what that worker is to run first
	keys      intake.Keys
	lanes     []int // free below nextLane
	nextLane  int
}

var _ quartet.Runner = (*Pool)(nil)

// New returns a pool; it starts no goroutine yet. It panics when a size is negative, naming the field.
func New(cfg Config) *Pool {
	for field, v := range map[string]int{"Workers": cfg.Workers, "MinWorkers": cfg.MinWorkers, "IdleTimeout": int(cfg.IdleTimeout)} {
		intake.NotNegative("workerpool", field, v)
	}
	if cfg.Saturation > DropOldest {
		panic("workerpool: Config.Saturation is unknown")
	}
	setDefault(&cfg.Workers, runtime.GOMAXPROCS(0))
	setDefault(&cfg.Queue, 1024)
	setDefault(&cfg.IdleTimeout, 10*time.Second)
	cfg.MinWorkers = min(cfg.MinWorkers, cfg.Workers)
	p := &Pool{cfg: cfg, keys: make(intake.Keys)}
	p.in.Init(intake.Config{
		Name: "workerpool", Host: p, Ready: p.dispatch, Free: p.free, Soon: true,
		Slots: p.workers, Calls: p.calls, Leaves: true, RejectLate: cfg.RejectLate,
		Queue: cfg.Queue, InFlight: cfg.InFlight, Full: intake.Full(cfg.Saturation),
		OnPanic: cfg.OnPanic, CloseWarning: cfg.CloseWarning, ExactTimes: cfg.ExactTimes, Observer: cfg.Observer,
	})
	return p
}

func setDefault[T int | time.Duration](v *T, def T) {
	if *v == 0 {
		*v = def
	}
}

// SubmitTask hands t over. It returns [quartet.ErrClosed], [quartet.ErrSaturated] or the cause of ctx's end when t is
// refused. It waits for room where Config.Saturation is Wait; a task of this pool lends its slot meanwhile.
func (p *Pool) SubmitTask(ctx context.Context, t quartet.Task) error {
	intake.NotNil("workerpool", "SubmitTask", t)
	return p.in.Submit(ctx, t)
}

// SubmitCall is SubmitTask for a call of a named function.
func (p *Pool) SubmitCall(ctx context.Context, c quartet.Call) error {
	intake.NotNil("workerpool", "SubmitCall", c)
	return p.in.Submit(ctx, c)
}

// Go runs fn on the pool. It allocates nothing. It returns [quartet.ErrClosed], or [quartet.ErrSaturated] when there is no
// room; where Config.Saturation is Wait it waits for room, without a limit. It is for leaves: fn has no context, so it
// must neither wait on this pool nor submit to it; SubmitTask and [quartet.Go] do that.
func (p *Pool) Go(fn func()) error {
	if fn == nil {
		panic("workerpool: Go of a nil func")
	}
	return p.in.SubmitFunc(fn, false)
}

// TryGo is Go that never waits: it returns false when the pool has no room, or is closed.
func (p *Pool) TryGo(fn func()) bool {
	if fn == nil {
		panic("workerpool: TryGo of a nil func")
	}
	return p.in.SubmitFunc(fn, true) == nil
}

// Resize sets how many tasks run at once. A larger number acts at once, also for submitters that wait for room; a
// smaller one interrupts nobody: it holds when as many tasks have ended as are too many. It panics when workers is less
// than 1.
func (p *Pool) Resize(workers int) {
	if workers < 1 {
		panic(fmt.Sprintf("workerpool: Resize(%d): a pool needs a worker", workers))
	}
	p.in.Lock()
	defer p.in.Unlock()
	p.cfg.Workers = workers
	p.in.MakeRoom()
}

// ExpectedWait estimates how long a task submitted now would wait for its start: what is queued, times the recent mean of
// the run times, divided by the workers. The run times are those of Stats, sampled unless Config.ExactTimes or RejectLate is
// set; before the first one has been measured the oldest task's time so far stands for it.
func (p *Pool) ExpectedWait() time.Duration {
	p.in.Lock()
	defer p.in.Unlock()
	return p.in.ExpectedWait()
}

// Stats returns a snapshot of the pool's numbers.
func (p *Pool) Stats() quartet.Stats { return p.in.Stats() }

// Shutdown refuses new work from outside and waits until all that was accepted has ended. When ctx ends first, it
// cancels the contexts of the tasks that have started, abandons the queued ones with [quartet.ErrClosed], and returns
// ctx's cause without waiting further. With the ctx of a task of this pool it begins the shutdown and returns
// [quartet.ErrInside]. At its nil return no goroutine or timer of the pool is left.
func (p *Pool) Shutdown(ctx context.Context) error {
	if err := p.in.Drain(ctx); err != nil {
		return err
	}
	p.dismiss()
	return nil
}

// Close abandons what is queued and cancels what has started, with cause [quartet.ErrClosed], and waits until no
// goroutine or timer of the pool is left. It must not be called from inside a task of the pool. The error is always nil.
func (p *Pool) Close() error {
	p.in.CancelAndWait()
	p.dismiss()
	return nil
}
