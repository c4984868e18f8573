package gil

import (
	"container/heap"
	"time"
)

// event is something that happens at a time.
type event struct {
	at  time.Duration
	seq uint64
	fn  func() // nil: called off
}

// eventQueue orders events by time, and those of one time as they were added.
type eventQueue struct {
	heap eventHeap
	seq  uint64
}

func (q *eventQueue) Len() int {
	for len(q.heap) > 0 && q.heap[0].fn == nil {
		heap.Pop(&q.heap)
	}
	return len(q.heap)
}

func (q *eventQueue) add(at time.Duration, fn func()) (cancel func()) {
	q.seq++
	e := &event{at, q.seq, fn}
	heap.Push(&q.heap, e)
	return func() { e.fn = nil }
}

func (q *eventQueue) next() (*event, bool) {
	if q.Len() == 0 {
		return nil, false
	}
	return heap.Pop(&q.heap).(*event), true
}

// back undoes next.
func (q *eventQueue) back(e *event) { heap.Push(&q.heap, e) }

type eventHeap []*event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].seq < h[j].seq
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(*event)) }
func (h *eventHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return e
}
