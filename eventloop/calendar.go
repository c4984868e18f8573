package eventloop

import "time"

// calendar orders timers. A few timers lie in one heap. Of many, only those of the near future are
// in order. The others wait unordered in slots of time, and a slot is put in order when its time
// comes. Timers beyond all slots lie in a second heap. So the working set fits into the processor's
// cache; a heap of a million timers would not.
//
// Invariants: run, near, slots and far together hold each fresh timer once. Timers of run and near
// are due before edge; those of slots in [edge, edge+slotSpan), each in the slot of its time; those
// of far later. So the first of run and near is the first of all. size counts all places, stales
// those that are stale. The loop's lock guards it all.
//
// libuv keeps its timers in one binary heap (src/timer.c), and Node keeps a list for each duration
// and a heap of lists (lib/internal/timers.js): that is fast where few durations are used. Go
// programs use any duration, so the lists would be as many as the timers.
type calendar struct {
	run   []due         // the slot opened last, in order; run[at:] is still to fire
	at    int           // index into run
	near  timerHeap     // all others that are due before edge
	edge  time.Duration // a multiple of slotWidth; never: near has all timers
	slots []slot        // a ring: edge <= when < edge+slotSpan
	held  int           // timers in slots
	far   timerHeap     // edge+slotSpan <= when
	pages pages
	order *sorter

	size, stales int // places, and those among them whose timer was stopped or reset
}

const (
	slotWidth time.Duration = 1 << 22 // 4 ms
	slotCount               = 1024
	slotSpan                = slotWidth * slotCount
	crowd                   = 1024 // a heap of at most this size serves alone
)

func newCalendar() calendar { return calendar{edge: never} }

func slotOf(when time.Duration) int { return int(when / slotWidth % slotCount) }

// Once there are more than crowd, slots come into use, until no timer is left in them. now is used
// only then.
func (c *calendar) push(d due, now time.Duration) {
	c.size++
	c.place(d)
	if c.edge == never && len(c.near) > crowd {
		c.spread(now)
	}
}

// place puts d where the invariants want it. It does not count: a place that moves leaves the size
// alone.
func (c *calendar) place(d due) {
	switch {
	case d.when < c.edge:
		c.near.push(d)
	case d.when-c.edge < slotSpan:
		c.pages.add(&c.slots[slotOf(d.when)], d)
		c.held++
	default:
		c.far.push(d)
	}
}

// crowded reports whether there are so many timers that slots are in use.
func (c *calendar) crowded() bool { return c.edge != never }

// spread begins to use slots. edge lies in the future, so that the timers of the slot that has
// begun stay in near, in order. The slots are made once and kept, though they come out of use.
func (c *calendar) spread(now time.Duration) {
	if c.slots == nil {
		c.slots, c.order = make([]slot, slotCount), new(sorter)
	}
	all := c.near
	c.near, c.edge = nil, (now/slotWidth+1)*slotWidth
	for _, d := range all {
		c.place(d)
	}
}

// first returns the place that comes first. Its timer is nil when none is due by now; then no timer
// is due before when. It drops stale places that come first, and opens slots whose time has come.
// Each place is moved a constant number of times (far, slot, run), besides the heaps' own work. Its
// caller holds the loop's lock, so nothing is stopped or reset meanwhile.
func (c *calendar) first(now time.Duration) due {
	for {
		for c.at < len(c.run) || len(c.near) > 0 {
			d, _ := c.head()
			if !d.stale() {
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

// head returns the first place before edge, and whether it lies in run. There must be one. run and
// near are both in order, so the first of all is one of two.
func (c *calendar) head() (d due, inRun bool) {
	switch {
	case c.at == len(c.run):
		return c.near[0], false
	case len(c.near) > 0 && c.near[0].before(c.run[c.at]):
		return c.near[0], false
	}
	return c.run[c.at], true
}

// take takes out the head. The entry of run is cleared, as it holds the timer.
func (c *calendar) take() {
	if _, inRun := c.head(); inRun {
		c.run[c.at] = due{}
		c.at++
	} else {
		c.near.pop()
	}
	c.size--
}

// nextSlot returns the beginning of the next slot that is not empty. It looks at slotCount slots at
// most. Without any it ends the use of slots: near has all timers again, and a few timers cost no
// more than a heap.
func (c *calendar) nextSlot() time.Duration {
	switch {
	case c.held > 0:
		next := c.edge
		for c.slots[slotOf(next)].last == nil {
			next += slotWidth
		}
		return next
	case len(c.far) > 0:
		// All slots are empty, so edge may jump over them.
		return c.far[0].when / slotWidth * slotWidth
	}
	c.edge = never
	return never
}

// open puts the slot that begins at start in order. Timers from far move into the slots that have
// become free. The caller has seen that run and near are empty, so nothing is before start.
//
// It opens one slot only: first comes back for the next one when run and near are empty again.
func (c *calendar) open(start time.Duration) {
	c.edge = start + slotWidth
	places, all := c.pages.empty(&c.slots[slotOf(start)], c.run[:0])
	c.held -= all
	stale := all - len(places)
	c.size -= stale
	c.stales -= stale
	c.run, c.at = c.order.sort(places, start), 0
	for len(c.far) > 0 && c.far[0].when-c.edge < slotSpan {
		c.place(c.far.pop())
	}
}

// forget notes that a place has become stale. Half as a bound makes the work constant for each
// timer that was stopped. Without it, a server that sets and stops a timeout for each request would
// keep them all until they are due.
func (c *calendar) forget() {
	if c.stales++; c.stales >= 64 && 2*c.stales > c.size {
		c.compact()
	}
}

// compact drops the stale places. It looks at every place, and keeps each where it is; only the
// heaps are ordered anew. A place of run that has fired lies before at, and was counted out by
// take.
func (c *calendar) compact() {
	c.near, c.far = fresh(c.near), fresh(c.far)
	c.near.order()
	c.far.order()
	c.run, c.at = fresh(c.run[c.at:]), 0
	c.size, c.held, c.stales = len(c.near)+len(c.far)+len(c.run), 0, 0
	var places []due
	for i := range c.slots {
		places, _ = c.pages.empty(&c.slots[i], places[:0])
		for _, d := range places {
			c.pages.add(&c.slots[i], d)
		}
		c.held += len(places)
	}
	c.size += c.held
}

// fresh returns the places that are not stale. If they are few, it moves them into a smaller slice.
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
