package gil

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/fiber"
	"github.com/quartet-go/quartet/internal/task"
)

// virtual simulates the machine on one goroutine, which lives while there is something to do.
type virtual struct {
	s      *Scheduler
	now    atomic.Int64 // virtual nanoseconds
	thread atomic.Pointer[task.Node]
	alive  sync.WaitGroup
	joined sync.Once

	// Locked.
	up       bool
	starting bool
	inbox    []func() // what came from outside, or from a thread to another
	wake     chan struct{}

	// Of the goroutine.
	events   eventQueue
	lock     vlock
	cores    cores
	fibers   fiber.Pool
	beginner *vthread
	jitter   *rand.Rand
	threads  int
	body     func()
	figures  []ThreadFigures
}

func newVirtual(s *Scheduler) *virtual {
	v := &virtual{s: s, wake: make(chan struct{}, 1), jitter: rand.New(rand.NewPCG(s.cfg.Seed, 1))}
	v.lock.free = s.cfg.Policy.free
	v.cores.n = s.cfg.Cores
	v.body = v.runBody
	return v
}

func (v *virtual) clock() time.Duration { return time.Duration(v.now.Load()) }

// wallTime is the virtual time for observers: it begins with the epoch.
func (v *virtual) wallTime() time.Time { return time.Unix(0, v.now.Load()).UTC() }

func (v *virtual) join() {
	v.joined.Do(func() {
		v.alive.Wait()
		v.fibers.Close()
	})
}

// ready lets one new thread at a time compete for the lock, so that threads start in order.
func (v *virtual) ready() {
	if v.s.in.Len() > 0 && !v.starting {
		v.starting = true
		v.enter(func() { v.take(&vthread{born: v.clock(), since: v.clock()}) })
	} else if v.s.in.Drained() {
		v.rouse()
	}
}

// enter is locked: fn runs on the goroutine, at its present time.
func (v *virtual) enter(fn func()) {
	v.inbox = append(v.inbox, fn)
	v.rouse()
}

// rouse is locked.
func (v *virtual) rouse() {
	if !v.up && len(v.inbox) > 0 {
		v.up = true
		v.alive.Go(v.loop)
		return
	}
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// loop runs events in order of time. Between two it takes in what has come meanwhile.
func (v *virtual) loop() {
	for {
		v.s.in.Lock()
		inbox := v.inbox
		v.inbox = nil
		if len(inbox) == 0 && v.events.Len() == 0 && v.threads == 0 {
			v.up = false
			v.s.in.Unlock()
			return
		}
		v.s.in.Unlock()
		for _, fn := range inbox {
			fn()
		}
		switch e, ok := v.events.next(); {
		case len(inbox) > 0: // what they led to comes first
			if ok {
				v.events.back(e)
			}
		case ok:
			v.now.Store(int64(e.at))
			e.fn()
		default:
			<-v.wake
		}
	}
}

// after has fn run d later, and returns how to call that off.
func (v *virtual) after(d time.Duration, fn func()) (cancel func()) {
	return v.events.add(v.clock()+d, fn)
}

// late adds jitter to a latency of the machine: up to a quarter.
func (v *virtual) late(d time.Duration) time.Duration {
	return d + time.Duration(v.jitter.Int64N(int64(d)/4+1))
}

// vthread is a thread. Before its task has been taken from the queue it has no node.
type vthread struct {
	n     *task.Node
	f     *fiber.Fiber
	op    func() // what the fiber wants when it suspends
	seg   segment
	begun time.Duration // of the running slice
	stop  func()        // calls the slice's end, or the lock's timeout, off
	saved uint64        // the lock's switches when the wait began
	slept time.Duration // since when it has not run

	born, since time.Duration
	state       state
	ThreadFigures
}

// proceed lets a thread go on that has the lock: with its first step, the rest of its computing, or its code.
func (v *virtual) proceed(t *vthread) {
	switch {
	case t.n == nil:
		v.begin(t)
	case t.seg.d > 0:
		v.cores.want(v, t)
	default:
		v.resume(t)
	}
}

// begin gives the oldest queued task to a thread that has the lock.
func (v *virtual) begin(t *vthread) {
	v.s.in.Lock()
	v.starting = false
	t.n = v.s.in.Pop()
	if t.n != nil {
		t.n.Model, t.n.Data = (*run)(t.n), t
		t.n.Lane = int(t.n.Seq) - 1
		t.Task, t.Label = t.n.Seq, task.LabelOf(t.n.Parent())
	}
	v.ready()
	v.s.in.Unlock()
	if t.n == nil { // it was abandoned meanwhile
		v.release(t, func() {})
		return
	}
	v.threads++
	t.f = v.fibers.New(v.body)
	v.beginner = t
	v.resume(t)
}

func (v *virtual) runBody() { v.beginner.n.Run() }

// resume runs a thread's code, which takes no time, until it wants something.
func (v *virtual) resume(t *vthread) {
	v.thread.Store(t.n)
	outcome := t.f.Resume()
	v.thread.Store(nil)
	if outcome == fiber.Suspended {
		t.op()
		return
	}
	v.end(t, outcome)
}

func (v *virtual) end(t *vthread, outcome fiber.Outcome) {
	v.threads--
	var err error
	_, future := t.n.Job.(task.Noder)
	switch {
	case outcome == fiber.Panicked:
		err = t.f.PanicError()
	case outcome == fiber.Exited && !future:
		err = quartet.ErrGoexit
	}
	t.n.Failed = t.n.Failed || outcome != fiber.Returned
	t.set(v, ended)
	t.check(v)
	v.figures = append(v.figures, t.ThreadFigures)
	t.n.End()
	v.s.in.Lock()
	v.s.in.End(t.n)
	v.s.in.Unlock()
	if err != nil {
		v.s.in.Panicked(err, outcome == fiber.Exited)
	}
	v.release(t, func() {})
}

// suspend switches from a thread's fiber to the machine, which does op.
func (v *virtual) suspend(n *task.Node, op func(t *vthread)) {
	t := n.Data.(*vthread)
	t.op = func() { op(t) }
	t.f.Suspend()
}

func (v *virtual) mine(n *task.Node) bool { return v.thread.Load() == n }

func (v *virtual) checkpoint(n *task.Node) {
	if v.lock.requested {
		v.suspend(n, func(t *vthread) { v.drop(t) })
	}
}

func (v *virtual) yield(n *task.Node) {
	if len(v.lock.waiters) > 0 {
		v.lock.requested = true
		v.checkpoint(n)
	}
}

func (v *virtual) compute(n *task.Node, seg segment) {
	if seg.d <= 0 {
		return
	}
	v.suspend(n, func(t *vthread) {
		t.seg = seg
		if seg.locked {
			v.cores.want(v, t)
		} else {
			v.release(t, func() { v.cores.want(v, t) })
		}
	})
}

func (v *virtual) wait(ctx context.Context, n *task.Node, arm func(resume func())) error {
	var w wait
	arm(func() { v.resumeFrom(&w, n, resumed) })
	return v.await(ctx, &w, n)
}

func (v *virtual) sleep(ctx context.Context, n *task.Node, d time.Duration) error {
	var w wait
	defer v.after(max(d, 0)+v.late(v.s.cfg.Machine.TimerSlack), func() { v.wakeUp(&w, n) })()
	return v.await(ctx, &w, n)
}

func (v *virtual) block(n *task.Node, fn func()) {
	var w wait
	var end fiber.Captured
	v.alive.Go(func() {
		defer v.resumeFrom(&w, n, resumed)
		end.Run(fn)
	})
	_ = v.await(context.Background(), &w, n)
	end.Repeat()
}
