package workerpool

import (
	"container/heap"
	"context"

	"github.com/quartet-go/quartet/internal/task"
)

// returning is a task whose wait is over, and that needs a slot. It is the Data of its node
// meanwhile. node is nil once the task has its slot; turn orders those that came back.
type returning struct {
	node *task.Node
	slot chan struct{} // has room for one: whoever gives the slot never waits
	own  *turn         // of its goroutine, under a Clock
	turn uint64
	at   int // in the heap; absent: its limit has no place for it yet
}

const absent = -1

// returners are the tasks that need a slot again. Those that may have one stand in a heap, in the
// order in which they came back; the others wait for a place at their limit. Guarded by the pool's
// lock. Invariant: all counts those between comeBackLocked and leaveLocked; may holds those of them
// that have their place at a limit, or need none. A heap, since a place may come later to one that
// came back earlier.
type returners struct {
	may   []*returning
	all   int
	turns uint64
	idle  []*returning // for reuse
}

// maxIdleReturning bounds those that are kept for reuse.
const maxIdleReturning = 64

// Len is how many need a slot.
func (r *returners) Len() int { return r.all }

// comeBackLocked has n, which has waited, go on when it is its turn for a slot. The caller waits,
// after the unlock, by wait.
func (p *Pool) comeBackLocked(n *task.Node) *returning {
	n.Move(task.Waiting, task.Returning)
	r := &p.returning
	r.all++
	r.turns++
	back := r.take()
	back.node, back.turn = n, r.turns
	if c := p.cfg.Clock; c != nil {
		back.own = c.waiting(context.Background())
	}
	n.Data = back
	if p.in.WantLocked(n) {
		p.regainedLocked(n)
	}
	return back
}

func (r *returners) take() *returning {
	if last := len(r.idle) - 1; last >= 0 {
		back := r.idle[last]
		r.idle = r.idle[:last]
		return back
	}
	return &returning{slot: make(chan struct{}, 1), at: absent}
}

// wait blocks until the task has a slot. Then it is nobody's, and is kept for reuse. It runs on the
// task's goroutine, without the lock. Only the task that waits puts b among the idle ones, so
// nobody can get it while the signal is on its way.
func (b *returning) wait(p *Pool) {
	if t := b.own; t != nil {
		t.wait()
	}
	<-b.slot
	p.in.Lock()
	if len(p.returning.idle) < maxIdleReturning {
		p.returning.idle = append(p.returning.idle, b)
	}
	p.in.Unlock()
}

// regainedLocked: n has its place at its limit, and needs no more than a slot. It is called by
// comeBackLocked, or later by the intake, as its Regained hook.
func (p *Pool) regainedLocked(n *task.Node) { heap.Push((*byTurn)(&p.returning), n.Data) }

// nextReturningLocked returns the first task that may go on after its wait when there is a slot, or
// nil.
func (p *Pool) nextReturningLocked() *returning {
	if len(p.returning.may) == 0 {
		return nil
	}
	return p.returning.may[0]
}

// leaveLocked ends a return. It is called for a task that gets a slot and for one that has ended.
// Its goroutine is released in both cases.
func (p *Pool) leaveLocked(back *returning) {
	got := back.at != absent
	if got {
		heap.Remove((*byTurn)(&p.returning), back.at)
	}
	p.returning.all--
	p.in.ReturnLocked(back.node, got)
	back.node.Data, back.node = nil, nil
	p.in.ThenLocked(back)
}

// Apply lets the task go on.
func (b *returning) Apply() {
	if b.own != nil {
		b.own.resume()
	}
	b.slot <- struct{}{}
}

// admitLocked lets a task go on whose slot is counted already.
func (p *Pool) admitLocked(back *returning) {
	p.in.ResumeLocked(back.node)
	p.leaveLocked(back)
}

// forgetReturningLocked: n has ended, and a goroutine that waits for a slot in its name needs none.
func (p *Pool) forgetReturningLocked(n *task.Node) {
	if back, ok := n.Data.(*returning); ok {
		p.leaveLocked(back)
	}
}

// byTurn is the heap. A type of its own, as container/heap wants exported methods.
type byTurn returners

func (h *byTurn) Len() int           { return len(h.may) }
func (h *byTurn) Less(i, j int) bool { return h.may[i].turn < h.may[j].turn }

func (h *byTurn) Swap(i, j int) {
	h.may[i], h.may[j] = h.may[j], h.may[i]
	h.may[i].at, h.may[j].at = i, j
}

func (h *byTurn) Push(x any) {
	b := x.(*returning)
	b.at = len(h.may)
	h.may = append(h.may, b)
}

func (h *byTurn) Pop() any {
	last := len(h.may) - 1
	b := h.may[last]
	h.may[last], h.may = nil, h.may[:last]
	b.at = absent
	return b
}
