package workerpool

import (
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/goid"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/leaf"
	"github.com/quartet-go/quartet/internal/steps"
	"github.com/quartet-go/quartet/internal/task"
)

// A worker is one goroutine of the pool. Its states, which the pool's lock guards:
//
//	born ──> searching ──> working ──> lingering ──> parked ──> gone
//	  │        ▲    │      ▲ │  ▲          │          │ │        ▲
//	  │        │    └──────┼─┼──┼──────────┼──────────┤ └────────┤
//	  └────────┼───────────┘ └──┼──────────┘          │          │
//	           └────────────────┴─────────────────────┘          │
//	                            └────────────────────────────────┘
//
// Invariant: at most one worker is searching or lingering; it is p.searcher. So a burst wakes one
// worker after the other for as long as there are tasks, and not a worker for each task: a worker
// that finds something sends the next.
//
// A worker has a slot only together with work: takeLocked counts it, or whoever sends the work
// does. The alternative, a worker that waits at a channel for each task, costs a wake-up for each;
// here a worker that has ended a task looks for the next by itself (follow), and is woken only
// where it had found nothing.
type worker struct {
	pool  *Pool
	state workerState
	lane  int32 // its number, which a later goroutine gets again
	// Guarded by the lock until the effect that sends it runs; next carries it over to the worker's
	// goroutine.
	job  *task.Node      // what it was sent to run, until Apply sends it; nil: to search
	next chan *task.Node // has room for one; closed: the worker is dismissed
	// Only of a parked worker; the reaper compares it with IdleTimeout.
	since  time.Time // parked
	leaves leaf.Consumer
	turn   *turn // of its errand, under a Clock

	goroutine atomic.Int64 // its goroutine's number, for those who look
}

type workerState uint8

const (
	born      workerState = iota // its goroutine does not run yet
	searching                    // on its way to the queue
	working
	lingering // it has found nothing, and lets others run before it parks
	parked    // in p.idle
	gone
)

// workerStates are the transitions.
var workerStates = steps.Table[workerState]{
	Of:    "workerpool: a worker",
	Names: []string{"born", "searching", "working", "lingering", "parked", "gone"},
	Follows: [][]workerState{
		born:      {searching, working},
		searching: {working, parked, gone},
		working:   {working, lingering, parked, gone},
		lingering: {working, parked, gone},
		parked:    {searching, working, gone},
		gone:      {},
	},
}

// becomeLocked moves w along the table.
func (w *worker) becomeLocked(s workerState) { w.state = workerStates.Step(w.state, s) }

// Apply is the effect that wakes a worker that has been sent, or starts its goroutine. It runs
// after the unlock, and never waits: a parked worker's channel is empty.
func (w *worker) Apply() {
	n := w.job
	w.job = nil // a parked worker keeps no task
	if c := w.pool.cfg.Clock; c != nil {
		w.turn = c.newReady()
	}
	w.next <- n
}

// starting is the effect of a new worker's first errand. The channel has the errand before the
// goroutine begins, as for a worker that is woken.
type starting worker

func (s *starting) Apply() {
	w := (*worker)(s)
	w.Apply()
	go w.pool.work(w)
}

// work is what a worker does next: run a node, or the entries of the lane as long as there are any;
// zero: nothing. It is a value, so the hot path allocates nothing for it.
type work struct {
	node   *task.Node
	leaves bool
}

// dispatchLocked gives free slots to tasks that come back from a wait, then to a worker that looks
// for queued ones. It is the intake's Ready hook, and is called after whatever has freed a slot.
// Tasks that come back go first: they hold what others may wait for, and their number must fall.
func (p *Pool) dispatchLocked() {
	for p.slotsLocked() < p.cfg.Workers {
		back := p.nextReturningLocked()
		if back == nil {
			break
		}
		p.slots++
		p.admitLocked(back)
	}
	p.searchLocked()
}

func (p *Pool) workersLocked() int { return p.cfg.Workers }

// slotsLocked is how many slots are taken.
func (p *Pool) slotsLocked() int { return p.slots + p.in.CallersLocked() }

// adoptedLocked: n has begun on its caller's goroutine without the lock, and counts here from now
// on.
func (p *Pool) adoptedLocked(n *task.Node) {
	n.Lane = p.takeLaneLocked()
	p.slots++
}

// freeLocked is for how many queued tasks a start is certain: the slots that neither run nor are
// owed to a task that comes back.
func (p *Pool) freeLocked() int { return max(0, p.cfg.Workers-p.slotsLocked()-p.returning.Len()) }

// callsLocked: a worker at the lane must give its slot back. It runs one entry after the other
// without the lock, so somebody has to tell it.
func (p *Pool) callsLocked() bool {
	return p.slotsLocked() > p.cfg.Workers || p.nextReturningLocked() != nil
}

// searchLocked sends one worker to the queue if there is something to find. One that is on its way
// is only told: it will send the next. Without a free slot nobody is sent: the worker that ends
// next looks for itself. The searcher sends the next one by dispatchLocked, when it has found its
// own work.
func (p *Pool) searchLocked() {
	switch {
	case p.slotsLocked() >= p.cfg.Workers:
		if p.in.CallersLocked() > 0 { // they end without a word, unless something is there
			p.in.ListenLocked()
		}
	case p.searcher != nil:
		if p.in.LenLocked() > 0 {
			p.called.Store(true)
		}
	case p.in.ListenLocked():
		p.sendLocked(nil)
	}
}

// startLocked runs n, which has been taken from the queue, on the worker that is on its way there,
// else on a parked or a new one. The searcher has no task yet, so giving it this one wakes nobody.
func (p *Pool) startLocked(n *task.Node) {
	p.slots++
	if p.searcher != nil && p.handed == nil {
		p.handed = n
		p.called.Store(true)
		return
	}
	p.sendLocked(n)
}

// sendLocked has a parked worker, or a new one, run n, or search when n is nil. Only parked and new
// workers are sent. The effect is added under the lock and runs after it.
func (p *Pool) sendLocked(n *task.Node) {
	w, effect := p.wakeLocked()
	w.job = n
	if n != nil {
		n.Lane = w.lane
		w.becomeLocked(working)
	} else {
		w.becomeLocked(searching)
		p.searcher = w
	}
	p.in.ThenLocked(effect)
}

// wakeLocked returns a worker that has nothing to do, and the effect that sends it. The one that
// was parked last comes first: its stack is still in the cache, and the others reach IdleTimeout.
func (p *Pool) wakeLocked() (*worker, intake.Effect) {
	if last := len(p.idle) - 1; last >= 0 {
		w := p.idle[last]
		p.idle = p.idle[:last]
		return w, w
	}
	w := &worker{pool: p, lane: p.takeLaneLocked(), next: make(chan *task.Node, 1)}
	w.leaves.Number = w.lane
	p.byLane[w.lane] = w
	p.exited.Add(1)
	return w, (*starting)(w)
}

// work is the goroutine of a worker.
//
// It ends when next is closed, or by a Goexit of a task; then exit has given all back. inTurn is
// true while it has the turn of a Clock.
func (p *Pool) work(w *worker) {
	defer p.exited.Done()
	w.goroutine.Store(goid.Number())
	inTurn := false
	defer func() { p.endTurn(inTurn) }() // after a Goexit
	for n := range w.next {
		inTurn = w.awaitTurn()
		j := work{node: n}
		if n == nil {
			j = p.find(w)
		}
		for j != (work{}) {
			if j.leaves {
				j = p.runLeaves(w)
			} else {
				p.run(j.node, w)
			}
			var linger bool
			if j, linger = p.follow(j, w); linger {
				p.linger()
				j = p.find(w)
			}
		}
		p.endTurn(inTurn)
		inTurn = false
	}
}

// find takes work for the searcher; none: it parks. Whatever it finds, it is the searcher no more;
// dispatchLocked then sends the next one, if there is more to find.
func (p *Pool) find(w *worker) work {
	p.in.Lock()
	p.searcher = nil
	j := work{node: p.handed}
	if p.handed = nil; j.node != nil {
		j.node.Lane = w.lane
	} else {
		j = p.takeLocked(w)
	}
	if j == (work{}) {
		p.parkLocked(w)
	} else {
		w.becomeLocked(working)
	}
	p.dispatchLocked()
	p.in.Commit()
	return j
}

// takeLocked takes the next work of the queue, and a slot for it. Tasks that come back after a wait
// have the slot first.
func (p *Pool) takeLocked(w *worker) work {
	if p.slotsLocked() >= p.cfg.Workers || p.nextReturningLocked() != nil {
		return work{}
	}
	var j work
	if j.node, j.leaves = p.in.NextLocked(&w.leaves); j == (work{}) {
		return j
	}
	if j.node != nil {
		j.node.Lane = w.lane
	}
	p.slots++
	return j
}

// run runs n's job. A panic that no future has taken goes to OnPanic, else on: it crashes the
// program with its stack, and the task stays unfinished, so that no Shutdown returns before the
// crash. After a Goexit the goroutine is over: run gives the slot back, and a new one takes its
// place.
func (p *Pool) run(n *task.Node, w *worker) {
	returned := false
	defer func() {
		if returned {
			return
		}
		n.Fail()
		if v := recover(); v != nil {
			// A task that has locked its thread and panicked would leave the lock to the next task.
			task.UnlockThread()
			p.panicked(v)
			return
		}
		defer p.exit(work{node: n}, w)
		if !intake.IsFuture(n) {
			p.exitedBare()
		}
	}()
	task.Unlabel()
	n.Run()
	task.UnlockThread()
	returned = true
}

// panicked hands what a task has panicked with to OnPanic; without that it goes on.
func (p *Pool) panicked(v any) {
	if p.cfg.OnPanic == nil {
		panic(v)
	}
	p.cfg.OnPanic(quartet.NewPanicError(v))
}

// exitedBare tells OnPanic of a Goexit in a task without a future.
func (p *Pool) exitedBare() {
	if p.cfg.OnPanic != nil {
		p.cfg.OnPanic(quartet.ErrGoexit)
	}
}

// exit gives j and its slot back, on a goroutine that is over. It cannot go on with another task: a
// Goexit cannot be stopped. wakeLocked makes a new worker when one is needed. The deferred calls of
// work still run after it: they end the turn of a Clock, and tell exited.
func (p *Pool) exit(j work, w *worker) {
	endNode(j)
	p.in.Lock()
	p.giveBackLocked(j, w)
	w.becomeLocked(gone)
	p.freeLaneLocked(w)
	p.dispatchLocked()
	p.in.Commit()
}

// follow gives j and its slot back, and returns the next work for the same worker; none: it lingers
// as the searcher, or is parked.
//
// This is the pool's hot path: one section takes back and gives out. A worker lingers if no other
// is searching, since one that looks is enough.
func (p *Pool) follow(j work, w *worker) (next work, linger bool) {
	endNode(j)
	p.in.Lock()
	next.node = p.giveBackLocked(j, w)
	if next.node == nil {
		next = p.takeLocked(w)
	}
	if next == (work{}) {
		if linger = p.searcher == nil && !j.leaves; linger { // who ran leaves has lingered
			w.becomeLocked(lingering)
			p.searcher = w
			p.called.Store(false)
		} else {
			p.parkLocked(w)
		}
		p.dispatchLocked()
	}
	p.in.Commit()
	return next, linger
}

// endNode ends what ran, before the pool's lock is taken. It wakes those who wait for the task,
// which is not done under a lock.
func endNode(j work) {
	if j.node != nil && !j.node.Is(task.Leaf) {
		j.node.End()
	}
}

// giveBackLocked takes j and its slot back. It returns a node that is to run in that slot at once:
// w has found it in the lane; nil: none.
func (p *Pool) giveBackLocked(j work, w *worker) (found *task.Node) {
	if !j.leaves {
		p.releaseLocked(j.node)
		return nil
	}
	if found = p.in.LeaveLocked(&w.leaves); found != nil {
		found.Lane = w.lane
	} else {
		p.slots--
	}
	return found
}

// releaseLocked takes n and its slot back, if it has one.
func (p *Pool) releaseLocked(n *task.Node) {
	if p.in.LentLocked(n) { // a foreign goroutine has lent the slot in the task's name
		p.forgetReturningLocked(n)
	} else {
		p.slots--
	}
	p.in.EndLocked(n)
}

// linger lets others run a few times before the searcher parks. A submitter that comes meanwhile
// need not wake anybody, and parking costs more than a short task. YieldUntil gives the processor
// away between the looks. Against no linger, a submit with its await took two thirds of the time.
func (p *Pool) linger() {
	task.YieldUntil(func() bool { return p.in.Ready() || p.called.Load() }, task.ParkYields)
}
