package eventloop

import (
	"bytes"
	"runtime"
	"sync"
	"time"
)

// watchdog asks from time to time, and the loop answers between two callbacks, so that a callback costs no reading of the
// clock: it has run since the question when the question is still open.
type watchdog struct {
	looking sync.WaitGroup // one for each time the timer is set

	// Locked.
	timer *time.Timer
	armed bool
	off   bool          // no Run is under way
	asked time.Duration // when the open question was asked
}

// looks is how many times the watchdog looks while a callback becomes slow.
const looks = 4

// armWatchdog is locked: the loop is about to run callbacks.
func (l *Loop) armWatchdog() {
	d := &l.dog
	if d.armed || d.off {
		return
	}
	d.armed = true
	d.looking.Add(1)
	if every := l.cfg.SlowCallback / looks; d.timer == nil {
		d.timer = time.AfterFunc(every, l.look)
	} else {
		d.timer.Reset(every)
	}
}

// restWatchdog ends the watch when Run returns.
func (l *Loop) restWatchdog() {
	l.in.Lock()
	d := &l.dog
	d.off = true
	if d.armed && d.timer.Stop() {
		d.armed = false
		d.looking.Done()
	}
	l.in.Unlock()
	l.dog.looking.Wait()
}

// look asks, or reports a callback that keeps the loop. It rests while the loop is parked, and after a report until the
// callback has ended.
func (l *Loop) look() {
	defer l.dog.looking.Done()
	l.in.Lock()
	l.dog.armed = false
	slow := l.ask()
	l.in.Unlock()
	if slow > 0 {
		l.cfg.OnSlow(slow, l.slowStacks())
	}
}

// ask is locked: it returns for how long the callback is known to run, when that is to be reported.
func (l *Loop) ask() (slow time.Duration) {
	d := &l.dog
	switch {
	case l.asleep.Load() || l.dog.off:
		return 0
	case l.attention.Load()&lookAsked == 0:
		d.asked = l.now()
		l.attention.Or(lookAsked)
	default:
		if slow = l.now() - d.asked; slow >= l.cfg.SlowCallback {
			return slow
		}
	}
	l.armWatchdog()
	return 0
}

// attend is what the loop does between two callbacks when something asks for it. It reports whether Run is to return.
func (l *Loop) attend() (stop bool) {
	l.in.Lock()
	defer l.in.Unlock()
	if l.attention.Load()&lookAsked != 0 {
		l.attention.And(^lookAsked)
		l.turn.clock = l.now()
		l.health.ended(l.turn.clock-l.dog.asked, l.lastName)
		l.health.publish()
		l.armWatchdog()
	}
	return l.stop != nil
}

// slowStacks says, above the live stacks, where the callback was given to the loop, when that is known.
func (l *Loop) slowStacks() []byte {
	stacks := liveStacks()
	if p := l.place.Load(); p != nil {
		stacks = append([]byte("given to the loop at "+p.where+"\n\n"), stacks...)
	}
	return stacks
}

func stacks() []byte {
	buf := make([]byte, 1<<20)
	return buf[:runtime.Stack(buf, true)]
}

// liveStacks are the stacks of coroutines that run, or block, now: the loop's among them. One that has switched away
// shows as "coroutine".
func liveStacks() []byte {
	var live [][]byte
	for stack := range bytes.SplitSeq(stacks(), []byte("\n\n")) {
		header, _, _ := bytes.Cut(stack, []byte("\n"))
		if bytes.Contains(stack, []byte("internal/fiber.(*Fiber).call(")) && !bytes.Contains(header, []byte("[coroutine")) {
			live = append(live, stack)
		}
	}
	return bytes.Join(live, []byte("\n\n"))
}
