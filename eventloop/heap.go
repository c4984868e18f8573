package eventloop

import (
	"math"
	"time"
)

// never is a deadline that is never reached.
const never = time.Duration(math.MaxInt64)

// due is a timer's place in the calendar. It carries its own keys, so that a comparison touches no
// timer. Invariant: a place is fresh as long as its timer has its seq. A timer that was stopped or
// reset has another seq; its old place is stale, and is dropped when it comes first, or when half
// of all places are stale. (Removing it at once would need an index in every timer, and each sift
// would write to the timers.)
type due struct {
	when  time.Duration // since the loop's base
	seq   uint64
	timer *Timer
}

func (a due) before(b due) bool { return a.when < b.when || a.when == b.when && a.seq < b.seq }

func (a due) stale() bool { return a.timer.seq != a.seq }

// timerHeap orders by deadline, then by creation. Each node has four children, which lie beside
// each other: half the depth of a binary heap.
type timerHeap []due

func (h *timerHeap) push(d due) {
	*h = append(*h, d)
	h.up(len(*h) - 1)
}

// pop takes the first out. The last takes its place and goes down from there. The place at the end
// is cleared, as it would keep its timer alive.
func (h *timerHeap) pop() due {
	p := *h
	first, last := p[0], len(p)-1
	p[0], p[last] = p[last], due{}
	*h = p[:last]
	h.down(0)
	return first
}

// order makes a heap of places in any order. In linear time, where as many pushes would cost a
// logarithm each.
func (h *timerHeap) order() {
	for i := (len(*h) - 2) / 4; i >= 0; i-- {
		h.down(i)
	}
}

// up and down move places along the path into a gap and write d once, where a swap at each step
// would write twice.
func (h timerHeap) up(i int) {
	p := h
	d := p[i]
	for i > 0 {
		parent := (i - 1) / 4
		if !d.before(p[parent]) {
			break
		}
		p[i], i = p[parent], parent
	}
	p[i] = d
}

func (h timerHeap) down(i int) {
	p := h
	if i >= len(p) {
		return
	}
	d := p[i]
	for child := 4*i + 1; child < len(p); child = 4*i + 1 {
		least := child
		for c := child + 1; c < min(child+4, len(p)); c++ {
			if p[c].before(p[least]) {
				least = c
			}
		}
		if !p[least].before(d) {
			break
		}
		p[i], i = p[least], least
	}
	p[i] = d
}
