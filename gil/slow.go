package gil

import (
	"bytes"
	"fmt"
	"time"

	"github.com/quartet-go/quartet/internal/goid"
)

// SlowError is about a thread that keeps the global lock and reaches no checkpoint, while others
// want the lock: it is in a long call of C, so to say, or waits for something that it does not name
// with a waiting word, such as a channel or a mutex. Under the Virtual clock that stops the time of
// all.
//
// It is about a stretch of real time under both clocks: virtual time does not pass in a thread that
// keeps its goroutine.
type SlowError struct {
	Thread string        // its label, or "task" and its number
	Ran    time.Duration // for at least so long, in real time
	Stacks []byte        // of the goroutines that run threads, or block in them
}

func (e *SlowError) Error() string {
	return fmt.Sprintf("gil: %s has kept the lock for %v without a checkpoint", e.Thread, e.Ran)
}

// logSlow is Config.OnSlow's default.
func (s *Scheduler) logSlow(err error) {
	args := []any{"executor", s.Name()}
	if e, ok := err.(*SlowError); ok {
		args = append(args, "stacks", string(e.Stacks))
	}
	s.in.Logger().Warn(err.Error(), args...)
}

// watchdog looks from time to time, while it has reason to, whether what it watches has moved on.
// Its owner's mutex guards it.
//
// It compares a counter of progress now and one period later. It says nothing about when the thread
// began, so what it reports has lasted for one period at least.
type watchdog struct {
	every time.Duration
	timer *time.Timer
	armed bool
	seen  uint64
}

// arm has look called after a while. moves is the progress counter at this moment. It is called
// often, by each wait, and does something only once in a period.
func (d *watchdog) arm(moves uint64, look func()) {
	if d.armed {
		return
	}
	d.armed, d.seen = true, moves
	if d.timer == nil {
		d.timer = time.AfterFunc(d.every, look)
	} else {
		d.timer.Reset(d.every)
	}
}

// threadStacks are the live stacks of threads: not of those that wait for a lock of this package's,
// or are suspended. It returns goid's sentence if there are too many goroutines to read. They are
// told apart by the names of functions in their stacks, so these names must not change without
// this.
func threadStacks() []byte {
	text, live := goid.Stacks(), [][]byte(nil)
	if !bytes.HasPrefix(text, []byte("goroutine ")) {
		return text
	}
	for stack := range bytes.SplitSeq(text, []byte("\n\n")) {
		header, _, _ := bytes.Cut(stack, []byte("\n"))
		thread := bytes.Contains(stack, []byte("gil.(*real).thread(")) &&
			!bytes.Contains(stack, []byte("gil.(*real).without("))
		fiber := bytes.Contains(stack, []byte("internal/fiber.(*Fiber).call(")) &&
			!bytes.Contains(header, []byte("[coroutine"))
		if thread || fiber {
			live = append(live, stack)
		}
	}
	return bytes.Join(live, []byte("\n\n"))
}

// look reports a holder that has kept the lock since the last look, though others want it. A report
// is made once for a holder: the watchdog is armed again only by the next wait. OnSlow is called
// without the mutex, and reads stacks, which takes its time.
func (l *lock) look() {
	l.mu.Lock()
	d := &l.dog
	d.armed = false
	stalled := l.held && len(l.waiters) > 0 && l.takes == d.seen
	if len(l.waiters) > 0 && !stalled {
		d.arm(l.takes, l.look)
	}
	l.mu.Unlock()
	if n := l.running.Load(); stalled && n != nil {
		l.slow(&SlowError{Thread: (*run)(n).name(), Ran: d.every, Stacks: threadStacks()})
	}
}

// guardLocked: the machine has something to do.
func (v *virtual) guardLocked() { v.dog.arm(v.turns.Load(), v.look) }

// look reports a thread that has run since the last look, and has the machine say when all wait for
// each other.
func (v *virtual) look() {
	v.s.in.Lock()
	d := &v.dog
	d.armed = false
	still := v.turns.Load() == d.seen
	n := v.thread.Load()
	switch {
	case v.up && !still:
		v.guardLocked()
	case v.up && n == nil:
		v.inbox = append(v.inbox, v.deadlocked)
		v.mail.Store(true)
		v.rouseLocked()
	}
	stalled := v.up && still && n != nil
	v.s.in.Commit()
	if stalled {
		v.s.cfg.OnSlow(&SlowError{Thread: (*run)(n).name(), Ran: d.every, Stacks: threadStacks()})
	}
}

// deadlocked says who waits for whom, when nothing will happen, unless it comes from outside, and
// somebody waits for a Lock.
//
// It runs on the machine's goroutine, since only there the machine stands still. Nothing is on the
// agenda and nobody is in Block, so only a resume from outside could go on. That alone is no
// deadlock; a Lock is.
func (v *virtual) deadlocked() {
	if len(v.sim.agenda.heap) > 0 || v.blocks.Load() > 0 {
		return
	}
	err, locked := &DeadlockError{}, false
	w := &v.s.wiring
	w.mu.Lock()
	for _, t := range v.sim.alive() {
		st := t.user.(*strand)
		if st.n == nil {
			continue
		}
		r := (*run)(st.n)
		l := w.waits[r]
		if l == nil {
			err.Waits = append(err.Waits, r.name()+" waits for another task, or for what comes from outside")
			continue
		}
		owner := l.owner.Load()
		if owner == nil {
			err.Waits = append(err.Waits, r.name()+" waits for a Lock that no thread has")
			continue
		}
		locked = true
		err.Waits = append(err.Waits, r.name()+" waits for a Lock that "+owner.name()+" has")
	}
	w.mu.Unlock()
	if locked {
		v.s.cfg.OnSlow(err)
	}
}
