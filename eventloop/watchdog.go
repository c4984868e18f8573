package eventloop

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet/internal/goid"
)

// watchdog asks a question from time to time, and the loop answers between two callbacks. While the
// question is open, the same callback has been running since it was asked. So a callback costs no
// reading of the clock.
//
// It asks by setting a bit, which the loop sees at its next step. If the bit is still set at a
// later look, no callback has ended since. The bound that this gives is exact from below: a
// callback that is called slow has run for SlowCallback at least. It may have run for a quarter
// more, since the question came up to a look after it began.
type watchdog struct {
	looking  sync.WaitGroup // counts the looks that are due or under way
	reporter atomic.Int64   // number of the goroutine that OnSlow runs on

	// Locked.
	timer *time.Timer
	armed bool          // timer is set, or look is about to run: looking counts one
	off   bool          // no Run is under way
	asked time.Duration // when the open question was asked
}

// looks is how many times the watchdog looks while a callback becomes slow.
const looks = 4

// armWatchdogLocked is called when the loop is about to run callbacks, and does nothing if
// the timer is set already. Under Config.Clock time stands still in callbacks, and none is slow.
func (l *Loop) armWatchdogLocked() {
	d := &l.dog
	if d.armed || d.off || l.cfg.Clock != nil {
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

// restWatchdog ends the watch when Run returns. The timer's callback may be running already. Then
// Stop reports false, and the wait is for that: look and OnSlow use the loop, and may outlive
// neither Run nor, in a test, a bubble.
func (l *Loop) restWatchdog() {
	l.in.Lock()
	d := &l.dog
	d.off = true
	if d.armed && d.timer.Stop() {
		d.armed = false
		d.looking.Done()
	}
	l.in.Commit()
	l.dog.looking.Wait()
}

// look asks, or reports a callback that keeps the loop. It rests while the loop is parked, and
// after a report until the callback has ended. It is the timer's callback, on a goroutine of its
// own.
func (l *Loop) look() {
	defer l.dog.looking.Done()
	l.in.Lock()
	l.dog.armed = false
	slow := l.askLocked()
	l.in.Commit()
	if slow > 0 {
		l.report(slow)
	}
}

// report tells OnSlow, unless the callback has ended while its stack was looked for: on a busy
// machine the loop itself may have waited for a processor, and its stack says nothing. reporter
// lets Close and Shutdown in OnSlow know that they must not wait.
func (l *Loop) report(slow time.Duration) {
	stack := l.slowStacks()
	if l.attention.Load()&lookAsked == 0 {
		return
	}
	l.dog.reporter.Store(goid.Number())
	defer l.dog.reporter.Store(0)
	l.cfg.OnSlow(slow, stack)
}

// askLocked returns how long the callback is known to have run, if that is to be reported.
// One that is reported leaves the timer unset, so that it is reported once; attend arms it again
// when the callback has ended.
func (l *Loop) askLocked() (slow time.Duration) {
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
	l.armWatchdogLocked()
	return 0
}

// attend is called between two callbacks when a bit of attention is set. It reports whether Run is
// to return. It runs on the loop's goroutine, so it may publish the loop's own counters. The bit is
// cleared under the lock, under which look asks: so asked belongs to the question that is answered.
func (l *Loop) attend() (stop bool) {
	l.in.Lock()
	defer l.in.Commit()
	if l.attention.Load()&lookAsked != 0 {
		l.attention.And(^lookAsked)
		l.turn.clock = l.now()
		l.turn.findLagLocked(l, l.dog.asked)
		l.health.ended(l.turn.clock-l.dog.asked, l.lastName)
		l.health.publishLocked()
		l.armWatchdogLocked()
	}
	return l.stop != nil
}

// slowStacks returns the stack of the goroutine that has the loop now. Above it stands which task
// that is, or, where it is known, where the callback was given to the loop. All stacks are taken,
// as Go has no way to ask for that of one other goroutine; it happens only when a callback is slow
// already. The loop goes on meanwhile, so the task may have changed between the two looks: report
// asks once more after it.
func (l *Loop) slowStacks() []byte {
	var stack bytes.Buffer
	number := l.driver.Load()
	if n := l.current.Load(); n != nil {
		number = n.Data.(*strand).goroutine.Load()
		fmt.Fprintf(&stack, "%s\n\n", taskName(n))
	} else if p := l.origin.Load(); p != nil {
		fmt.Fprintf(&stack, "given to the loop at %s\n\n", p.where)
	}
	stack.Write(goid.Stack(goid.Stacks(), number))
	return stack.Bytes()
}
