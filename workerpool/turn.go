package workerpool

import (
	"cmp"
	"container/heap"
	"container/list"
	"context"
	"time"

	"github.com/quartet-go/quartet/internal/task"
)

// turn is one wait of a goroutine under a Clock, or a func that is due. Its states, which the
// clock's lock guards:
//
//	waiting ──> queued ──> granted
//
// Invariant: at most one goroutine runs, the clock's holder. It makes others ready, in an order
// that only the program decides, and goes on until it leaves. A turn is used once.
type turn struct {
	clock   *Clock
	state   turnState
	granted chan struct{}   // closed when its goroutine may go on
	call    func()          // in place of a goroutine: called when it is its turn
	ctx     context.Context // whose end ends the wait
	made    uint64          // the order of turns
	when    time.Duration   // of one in timers
	at      int             // in timers; absent: in none
	watched *list.Element   // in Clock.watched; nil: it is not
	came    bool            // what it waits for
}

type turnState uint8

const (
	waitingTurn turnState = iota
	queuedTurn
	grantedTurn
)

// newTurnLocked returns a turn that waits.
func (c *Clock) newTurnLocked(ctx context.Context) *turn {
	c.made++
	return &turn{clock: c, granted: make(chan struct{}), ctx: ctx, made: c.made, at: absent}
}

// newReady returns a turn in the queue.
func (c *Clock) newReady() *turn {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.newReadyLocked()
}

// It may be granted at once, by calledLocked, if nobody runs.
func (c *Clock) newReadyLocked() *turn {
	t := c.newTurnLocked(context.Background())
	t.state = queuedTurn
	c.ready = append(c.ready, t)
	c.calledLocked()
	return t
}

// calledLocked has somebody run where nobody does: the call came from outside. A goroutine that has
// the turn hands it on when it waits, so nothing is to be done then.
func (c *Clock) calledLocked() {
	if c.holder == nil {
		c.passLocked()
	}
}

// watchLocked has t wait until it is resumed, its time comes, or its ctx ends.
func (c *Clock) watchLocked(t *turn) {
	t.watched = c.watched.PushBack(t)
	if t.call == nil {
		c.parked++
	}
}

// resume ends t's wait before its time, or its ctx, does. It may be called from anywhere, more than
// once, and for a turn that has come already. It is idempotent and may come from any goroutine:
// that is what quartet.Suspend promises of a resume.
func (t *turn) resume() {
	c := t.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.state == waitingTurn {
		t.came = true
		c.readyLocked(t)
		c.calledLocked()
	}
}

// forgetLocked takes t from those that wait.
func (c *Clock) forgetLocked(t *turn) {
	if t.at != absent {
		heap.Remove(&c.timers, t.at)
	}
	c.watched.Remove(t.watched)
	if t.call == nil {
		c.parked--
	}
}

// leave ends the caller's turn.
func (c *Clock) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.passLocked()
}

// passLocked lets the next goroutine run: the first of the queue; if there is none, those whose
// contexts have ended, then the first whose time comes.
//
// Time moves only if the queue is empty: whatever can happen at this moment happens first. A call
// (a timeout, an AfterFunc) runs on the goroutine that passes the turn, so it must not wait.
func (c *Clock) passLocked() {
	for c.holder = nil; c.drivenLocked(); {
		if len(c.ready) == 0 && !c.endedLocked() && !c.jumpLocked() {
			break
		}
		t := c.ready[0]
		c.ready = c.ready[1:]
		t.state, c.holder = grantedTurn, t
		if t.call == nil {
			close(t.granted)
			return
		}
		c.callLocked(t)
		c.holder = nil
	}
	c.restLocked()
}

// callLocked calls t's func without the lock. The caller has the turn meanwhile, so no goroutine is
// granted one: holder is t.
func (c *Clock) callLocked(t *turn) {
	c.mu.Unlock()
	defer c.mu.Lock()
	t.call()
}

// endedLocked queues those whose contexts have ended, and reports whether there are any. Contexts
// are looked at and not watched: a real AfterFunc would come at a moment that the real clock
// decides. It looks at all that wait, in proportion to their number, but only when nobody else can
// run.
func (c *Clock) endedLocked() bool {
	var next *list.Element
	for e := c.watched.Front(); e != nil; e = next {
		next = e.Next()
		if t := e.Value.(*turn); t.ctx.Err() != nil {
			c.readyLocked(t)
		}
	}
	return len(c.ready) > 0
}

// readyLocked moves t from those that wait to the queue.
func (c *Clock) readyLocked(t *turn) {
	c.forgetLocked(t)
	t.state = queuedTurn
	c.ready = append(c.ready, t)
}

// jumpLocked moves the clock to the next time that somebody waits for, and reports whether it did.
// While a func is in Block, time stands still: nobody knows when it comes back.
func (c *Clock) jumpLocked() bool {
	if c.away > 0 || len(c.timers) == 0 {
		return false
	}
	t := c.timers[0]
	c.since, t.came = t.when, true
	c.readyLocked(t)
	return true
}

// wait ends the turn that the caller has, and returns when t has come. The turn is left first, or
// nobody could resume t.
func (t *turn) wait() {
	t.clock.leave()
	<-t.granted
}

// ended returns why a wait has ended: nil, or ctx's cause.
func (t *turn) ended(ctx context.Context) error {
	if t.came {
		return nil
	}
	return context.Cause(ctx)
}

// waiting returns a turn that waits until it is resumed, or ctx ends.
func (c *Clock) waiting(ctx context.Context) *turn {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.newTurnLocked(ctx)
	c.watchLocked(t)
	return t
}

func (c *Clock) suspend(ctx context.Context, arm func(resume func())) error {
	t := c.waiting(ctx)
	arm(t.resume)
	t.wait()
	return t.ended(ctx)
}

// await is suspend until f has ended. A wait that ctx has ended takes its hook out of the future,
// or the future would keep it.
func (c *Clock) await(ctx context.Context, f task.Awaited) error {
	t := c.waiting(ctx)
	hook := task.Hook{Listener: (*awaiting)(t)}
	f.Tell(&hook)
	t.wait()
	if !t.came {
		f.Forget(&hook)
	}
	return t.ended(ctx)
}

// awaiting is a turn as the listener of a future.
type awaiting turn

// Ended implements task.Listener.
func (a *awaiting) Ended() { (*turn)(a).resume() }

func (c *Clock) sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if d <= 0 {
		return nil
	}
	t := c.after(ctx, d, nil)
	t.wait()
	return t.ended(ctx)
}

// after returns a turn that comes after d, or when ctx ends.
func (c *Clock) after(ctx context.Context, d time.Duration, call func()) *turn {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.newTurnLocked(ctx)
	t.when, t.call = c.since+d, call
	c.watchLocked(t)
	heap.Push(&c.timers, t)
	return t
}

// drop has t, which has a call, never come.
func (c *Clock) drop(t *turn) (dropped bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if dropped = t.state == waitingTurn; dropped {
		c.forgetLocked(t)
		t.state = grantedTurn
	}
	return dropped
}

// afterEnd is context.AfterFunc in the clock's order. It is the intake's AfterFunc under a Clock.
func (c *Clock) afterEnd(ctx context.Context, f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.newTurnLocked(ctx)
	t.call = f
	c.watchLocked(t)
	return func() bool { return c.drop(t) }
}

// block runs fn while others have their turns, and time stands still. It has no turn meanwhile, and
// queues for one when fn has returned.
func (c *Clock) block(ctx context.Context, fn func()) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.mu.Lock()
	c.away++
	c.mu.Unlock()
	defer c.comeBack()
	c.leave()
	fn()
	return nil
}

// away falls in the section that queues its turn, so that time cannot pass in between.
func (c *Clock) comeBack() {
	c.mu.Lock()
	c.away--
	t := c.newReadyLocked()
	c.mu.Unlock()
	<-t.granted
}

func (c *Clock) yield() { c.newReady().wait() }

// timers is a heap, by time and then in the order in which they were made. Timeouts come after the
// goroutines of that moment: what ends at its deadline is in time.
type timers []*turn

func (h timers) Len() int { return len(h) }

func (h timers) Less(i, j int) bool {
	a, b := h[i], h[j]
	if a.when == b.when && (a.call == nil) != (b.call == nil) {
		return a.call == nil
	}
	return cmp.Or(cmp.Compare(a.when, b.when), cmp.Compare(a.made, b.made)) < 0
}

func (h timers) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

func (h *timers) Push(x any) {
	t := x.(*turn)
	t.at = len(*h)
	*h = append(*h, t)
}

func (h *timers) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last], *h = nil, (*h)[:last]
	t.at = absent
	return t
}
