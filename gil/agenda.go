package gil

import "time"

// agenda holds the occasions to come, by time. Those of one time happen in the order in which they
// were put there. A thread has at most one entry, so that calling it off is cheap and nothing stale
// is kept. It is a heap of four children.
//
// Invariant: heap[t.place-1] is t's entry, for each thread with place > 0. set keeps it, so every
// move of an entry goes through set. An entry that is put again gets a new seq, and so comes behind
// others of its time.
//
// Four children and not two: an entry moves through half as many levels, and the children lie side
// by side.
type agenda struct {
	heap []entry
	seq  uint64
}

// entry is when an occasion of t comes; which one it is stands in t.due. seq orders entries of one
// time. An entry is a value in the heap, so a comparison follows no pointer.
type entry struct {
	at  time.Duration
	seq uint64
	t   *vthread
}

func (e *entry) before(o *entry) bool { return e.at < o.at || e.at == o.at && e.seq < o.seq }

// put lets an occasion come to t at a time, in place of the one before. Setting t.due here, and
// nowhere but in rouse and want for threads whose entry is not in the heap, keeps occasion and
// entry together.
func (a *agenda) put(t *vthread, at time.Duration, what occasion) {
	a.seq++
	t.due = what
	e := entry{at, a.seq, t}
	if i := t.place - 1; i >= 0 {
		if e.before(&a.heap[i]) {
			a.up(i, e)
		} else {
			a.down(i, e)
		}
		return
	}
	a.heap = append(a.heap, e)
	a.up(len(a.heap)-1, e)
}

// next takes the first entry out. The agenda must not be empty. t.place is 0 afterwards, so an
// occasion that puts t again finds no old entry.
func (a *agenda) next() entry {
	first := a.heap[0]
	a.remove(first.t)
	return first
}

// remove takes t's entry out, if it has one. The last entry takes the free place, and may have to
// go up as well as down from there.
func (a *agenda) remove(t *vthread) {
	i := t.place - 1
	if i < 0 {
		return
	}
	t.place = 0
	n := len(a.heap) - 1
	last := a.heap[n]
	// Cleared, or the array would keep an ended thread.
	a.heap[n] = entry{}
	a.heap = a.heap[:n]
	if i == n {
		return
	}
	if i > 0 && last.before(&a.heap[(i-1)/4]) {
		a.up(i, last)
	} else {
		a.down(i, last)
	}
}

func (a *agenda) set(i int, e entry) {
	a.heap[i] = e
	e.t.place = i + 1
}

// up puts e at i, or nearer to the root, and moves those that come later down.
func (a *agenda) up(i int, e entry) {
	for i > 0 {
		parent := (i - 1) / 4
		if !e.before(&a.heap[parent]) {
			break
		}
		a.set(i, a.heap[parent])
		i = parent
	}
	a.set(i, e)
}

// down puts e at i, or farther from the root, and moves those that come earlier up.
func (a *agenda) down(i int, e entry) {
	for {
		first := 4*i + 1
		if first >= len(a.heap) {
			break
		}
		least := first
		for c := first + 1; c < min(first+4, len(a.heap)); c++ {
			if a.heap[c].before(&a.heap[least]) {
				least = c
			}
		}
		if !a.heap[least].before(&e) {
			break
		}
		a.set(i, a.heap[least])
		i = least
	}
	a.set(i, e)
}
