package gil

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/fiber"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/task"
)

// virtual runs a scheduler's threads on a simulated machine, on one goroutine, which lives while
// there is something to do.
//
// There are three sorts of access. The machine, its threads and the fibers belong to the goroutine
// of loop. Whoever else wants something (a submit, a resume, the end of a context) puts a func into
// the inbox under the intake's lock, and the goroutine calls it between two steps. The atomic
// fields are for readers: Now, Stats and the watchdog.
type virtual struct {
	s      *Scheduler
	now    atomic.Int64 // virtual nanoseconds
	thread atomic.Pointer[task.Node]
	turns  atomic.Uint64 // how often a thread began to run
	blocks atomic.Int32  // under way
	always atomic.Bool   // true: a look does not suffice; see eye
	alive  sync.WaitGroup
	joined sync.Once

	// Locked.
	// up says that loop runs; only the section that has seen the inbox empty lets it fall.
	up       bool
	dog      watchdog
	starting bool     // a thread is on its way that will take the oldest queued task
	inbox    []func() // what came from outside, or from a thread to another
	wake     chan struct{}
	mail     atomic.Bool // there is something in the inbox

	// Of the goroutine.
	// No lock guards these: loop hands them to nobody, and join reads the report after loop has
	// ended.
	sim      *sim
	fibers   fiber.Pool
	beginner *strand
	waker    *vthread // whose code has resumed those who are in the inbox; nil: nobody knows
	body     func()
	report   Report
}

// newVirtual starts no goroutine; the first task does, by rouseLocked. body is made once, so that a
// fiber for a task costs no closure.
func newVirtual(s *Scheduler) *virtual {
	v := &virtual{s: s, wake: make(chan struct{}, 1), sim: newSim(&s.cfg)}
	v.dog.every = s.cfg.SlowThread
	v.always.Store(true)
	v.body = func() { v.beginner.n.Run() }
	v.sim.ended, v.sim.moved = v.end, v.moved
	if s.cfg.Observer != nil {
		v.sim.watch = v.watch
	}
	return v
}

// wallTime is the virtual time for observers: it begins with the epoch.
func (v *virtual) wallTime() time.Time { return time.Unix(0, v.now.Load()).UTC() }

func (v *virtual) clock() time.Time { return v.wallTime() }

// join is called when all has ended, so nobody puts anything into the inbox any more. Only after it
// the report is safe to read from elsewhere. Once, as Shutdown and Close may both come here; the
// later one finds the report made.
func (v *virtual) join() {
	v.joined.Do(func() {
		v.alive.Wait()
		v.fibers.Close()
		v.report = v.sim.report(&v.s.cfg)
		v.report.remark(v.s.cfg.Name, v.s.cfg.Observer)
	})
}

// readyLocked is the intake's hook. It lets one new thread at a time compete for the lock, so that
// threads start in order. The thread takes its task when it has the lock for the first time
// (begin): until then the task can still be abandoned, and which task is the oldest is decided
// then. In the second case a stop is over: loop may be waiting at wake, and has to see that nothing
// is left.
func (v *virtual) readyLocked() {
	if v.s.in.LenLocked() > 0 && !v.starting {
		v.starting = true
		v.enterLocked(v.spawn)
	} else if v.s.in.DrainedLocked() {
		v.rouseLocked()
	}
}

// spawn runs on the goroutine. It makes a thread without a task; begin gives it one. born counts
// threads, so they are dealt out to interpreters in turn.
func (v *virtual) spawn() {
	st := &strand{v: v}
	st.t = v.sim.spawn(st, v.sim.born, v.s.cfg.Machine.Spawn)
	st.t.user = st
}

// enterLocked: fn runs on the goroutine, at its present time. fn runs without the lock.
func (v *virtual) enterLocked(fn func()) {
	v.inbox = append(v.inbox, fn)
	v.mail.Store(true)
	v.guardLocked()
	v.rouseLocked()
}

// rouseLocked wakes the goroutine, or starts it. The goroutine ends when there is nothing to do, so
// that an idle scheduler has none, and is started again here. wake has room for one value: a second
// rouse adds nothing.
func (v *virtual) rouseLocked() {
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

// loop steps the machine, and between two steps takes in events from outside, until there is
// nothing left to do. A machine on which all wait blocks at wake, durably, as a bubble demands.
func (v *virtual) loop() {
	for {
		switch {
		case v.mail.Load():
			v.takeIn()
		// All threads have ended. Those in the inbox have not begun yet, so it was looked at first.
		case v.sim.threads == 0:
			if v.rest() {
				return
			}
		// Nothing will happen by itself: all wait for what comes from outside.
		case !v.sim.step():
			<-v.wake
		}
		v.tell()
	}
}

// takeIn calls what the inbox holds, without the lock, in the order of arrival. These funcs may put
// others in. The slice is taken whole, so the lock is not held while the funcs run. mail is cleared
// under the lock, so an entry that comes later sets it again.
func (v *virtual) takeIn() {
	v.s.in.Lock()
	inbox := v.inbox
	v.inbox = nil
	v.mail.Store(false)
	v.s.in.Commit()
	for _, fn := range inbox {
		fn()
	}
}

// rest ends the goroutine, unless something has come.
func (v *virtual) rest() bool {
	v.s.in.Lock()
	defer v.s.in.Commit()
	v.up = len(v.inbox) > 0
	return !v.up
}

// tell publishes the time.
func (v *virtual) tell() {
	if now := int64(v.sim.now); v.now.Load() != now {
		v.now.Store(now)
	}
}

// moved is for Stats: a thread got or lost the lock. The step form has no intake, and no moved.
func (v *virtual) moved(t *vthread, running bool) {
	if st := t.user.(*strand); st.n != nil {
		v.tell()
		v.s.in.SetWaiting(st.n, !running)
	}
}

// end is called while t still has the lock. It is the machine's ended. The node ends before the
// intake takes it back, so that Shutdown returns after the future has ended.
func (v *virtual) end(t *vthread) {
	st := t.user.(*strand)
	if st.n == nil { // its task was abandoned meanwhile
		return
	}
	v.tell()
	var err error
	switch {
	case st.outcome == fiber.Panicked:
		err = st.f.PanicError()
	case st.outcome == fiber.Exited && !intake.IsFuture(st.n):
		err = quartet.ErrGoexit
	}
	if st.outcome != fiber.Returned {
		st.n.Fail()
	}
	st.n.End()
	v.s.in.Lock()
	st.gone = true
	v.s.in.EndLocked(st.n)
	v.s.in.Commit()
	if err != nil {
		v.s.in.Panicked(err, st.outcome == fiber.Exited)
	}
}

// watch tells the observer what a thread does.
func (v *virtual) watch(t *vthread, kind quartet.EventKind, detail string, peer *vthread) {
	n := t.user.(*strand).n
	if n == nil {
		return
	}
	v.tell()
	e := quartet.Event{
		Kind: kind, Executor: v.s.cfg.Name, Lane: int(n.Lane), Task: n.Seq, Label: n.Label(), At: v.wallTime(),
		Detail: detail,
	}
	if peer != nil && peer.user.(*strand).n != nil {
		e.Peer = peer.user.(*strand).n.Seq
	}
	v.s.in.Guard(func() { v.s.cfg.Observer.Observe(e) })
}

// startsAndEnds is the intake's observer: waits are the machine's to tell, who knows of which sort
// they are.
type startsAndEnds struct{ quartet.Observer }

func (o startsAndEnds) Observe(e quartet.Event) {
	if e.Kind != quartet.EventSuspended && e.Kind != quartet.EventResumed {
		o.Observer.Observe(e)
	}
}
