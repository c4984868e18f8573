package eventloop

import (
	"math"
	"time"
)

// never is a deadline that does not come.
const never = time.Duration(math.MaxInt64)

// due is a timer's place in a heap. It carries what it is ordered by, so that a comparison touches no timer. A timer that
// was stopped, or set anew, has another seq: its old place is stale and is dropped when it surfaces, or when half of the
// heap is stale. (Keeping every timer's index in order to remove it at once makes each sift write to the timers.)
type due struct {
	when  time.Duration // since the loop's base
	seq   uint64
	timer *Timer
}

func (a due) before(b due) bool { return a.when < b.when || a.when == b.when && a.seq < b.seq }

func (a due) stale() bool { return a.timer.seq != a.seq }

// timerHeap orders by deadline, then by creation. It has four children to a node: half the depth of a binary one, and the
// children lie beside each other.
type timerHeap struct {
	places []due
	stales int
}

func (h *timerHeap) push(d due) {
	h.places = append(h.places, d)
	h.up(len(h.places) - 1)
}

// first returns the place that comes first; its timer is nil when there is none.
func (h *timerHeap) first() due {
	for len(h.places) > 0 {
		if d := h.places[0]; !d.stale() {
			return d
		}
		h.pop()
		h.stales--
	}
	return due{when: never}
}

func (h *timerHeap) pop() {
	last := len(h.places) - 1
	h.places[0] = h.places[last]
	h.places[last] = due{}
	h.places = h.places[:last]
	if last > 0 {
		h.down(0)
	}
}

// forget notes that a timer's place has become stale.
func (h *timerHeap) forget() {
	if h.stales++; h.stales >= 64 && 2*h.stales > len(h.places) {
		h.compact()
	}
}

func (h *timerHeap) compact() {
	kept := h.places[:0]
	for _, d := range h.places {
		if !d.stale() {
			kept = append(kept, d)
		}
	}
	clear(h.places[len(kept):])
	h.places, h.stales = kept, 0
	if 4*len(kept) < cap(kept) {
		h.places = append(make([]due, 0, 2*len(kept)), kept...)
	}
	for i := (len(h.places) - 2) / 4; i >= 0; i-- {
		h.down(i)
	}
}

func (h *timerHeap) up(i int) {
	p := h.places
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

func (h *timerHeap) down(i int) {
	p := h.places
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
