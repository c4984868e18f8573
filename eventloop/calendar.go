package eventloop

import "time"

// calendar orders timers. A few lie in a heap. Of many, only those of the near future do; the others wait, in no order, in
// slots of time, each of which is put in order when its time comes, and those beyond all slots in a heap of their own. So
// the heap that is worked on stays small enough for the processor's cache, which is what a heap of a million costs.
type calendar struct {
	near  timerHeap     // before edge
	edge  time.Duration // a multiple of slotWidth; never: near has all
	slots [][]due       // from edge on, for slotSpan; in a ring
	held  int           // in slots
	far   timerHeap     // from edge+slotSpan on

	size, stales int
}

const (
	slotWidth time.Duration = 1 << 22 // 4 ms
	slotCount               = 1024
	slotSpan                = slotWidth * slotCount
	crowd                   = 1024 // of which size a heap is few
)

func newCalendar() calendar { return calendar{edge: never} }

func slotOf(when time.Duration) int { return int(when / slotWidth % slotCount) }

func (c *calendar) push(d due, now time.Duration) {
	c.size++
	c.place(d)
	if c.edge == never && len(c.near) > crowd {
		c.spread(now)
	}
}

func (c *calendar) place(d due) {
	switch {
	case d.when < c.edge:
		c.near.push(d)
	case d.when-c.edge < slotSpan:
		s := &c.slots[slotOf(d.when)]
		*s = append(*s, d)
		c.held++
	default:
		c.far.push(d)
	}
}

// spread begins to use slots.
func (c *calendar) spread(now time.Duration) {
	if c.slots == nil {
		c.slots = make([][]due, slotCount)
	}
	all := c.near
	c.near, c.edge = nil, (now/slotWidth+1)*slotWidth
	for _, d := range all {
		c.place(d)
	}
}

// first returns the place that comes first. Its timer is nil when there is none before now: when says then before which
// time there is none.
func (c *calendar) first(now time.Duration) due {
	for {
		for len(c.near) > 0 {
			if d := c.near[0]; !d.stale() {
				return d
			}
			c.take()
			c.stales--
		}
		next := c.nextSlot()
		if next > now {
			return due{when: next}
		}
		c.open(next)
	}
}

// take takes out the first of near.
func (c *calendar) take() {
	c.near.pop()
	c.size--
}

// nextSlot returns when the next slot begins that is not empty.
func (c *calendar) nextSlot() time.Duration {
	switch {
	case c.held > 0:
		next := c.edge
		for len(c.slots[slotOf(next)]) == 0 {
			next += slotWidth
		}
		return next
	case len(c.far) > 0:
		return c.far[0].when / slotWidth * slotWidth
	}
	c.edge = never
	return never
}

// open makes the slot that begins at start the near future, and fills the slots that become free from far.
func (c *calendar) open(start time.Duration) {
	c.edge = start + slotWidth
	s := &c.slots[slotOf(start)]
	c.held -= len(*s)
	c.near, *s = *s, c.near[:0] // near is empty, and they exchange their memory
	c.prune()
	c.near.order()
	for len(c.far) > 0 && c.far[0].when-c.edge < slotSpan {
		c.place(c.far.pop())
	}
}

// prune drops what is stale from near. Looking at all its timers here, one after the other, brings them into the cache for
// their firing: the processor waits for many at once.
func (c *calendar) prune() {
	all := len(c.near)
	c.near = fresh(c.near)
	stale := all - len(c.near)
	c.size -= stale
	c.stales -= stale
}

// forget notes that a place has become stale.
func (c *calendar) forget() {
	if c.stales++; c.stales >= 64 && 2*c.stales > c.size {
		c.compact()
	}
}

// compact drops what is stale.
func (c *calendar) compact() {
	c.near, c.far = fresh(c.near), fresh(c.far)
	c.near.order()
	c.far.order()
	c.size, c.held, c.stales = len(c.near)+len(c.far), 0, 0
	for i, s := range c.slots {
		c.slots[i] = fresh(s)
		c.held += len(c.slots[i])
	}
	c.size += c.held
}

// fresh returns the places that are not stale, in less memory when they are few.
func fresh(places []due) []due {
	kept := places[:0]
	for _, d := range places {
		if !d.stale() {
			kept = append(kept, d)
		}
	}
	clear(places[len(kept):])
	if 4*len(kept) < cap(kept) {
		return append([]due(nil), kept...)
	}
	return kept
}
