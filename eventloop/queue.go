package eventloop

// entry is a callback (fn), a task that continues (wait), or, if both are nil, the start of the
// oldest queued task.
type entry struct {
	fn   func()
	wait *wait
}

// queue is a FIFO in chunks. Entries never move, and chunks are reused. (One growing slice would be
// copied under the lock whenever it doubles; a linked list would allocate for each entry.)
//
// It has no lock: its owner has, or is the loop. Invariants: size entries lie from head[first] to
// tail[used-1]; size is 0 exactly if head and tail are nil; all chunks between are full. A popped
// place is cleared, so that no closure is kept.
type queue struct {
	tail   *chunk
	used   int // entries of tail
	size   int
	head   *chunk
	first  int // in head
	spare  *chunk
	spares int
}

const (
	chunkSize = 256
	maxSpares = 1024 // 4 MiB: after a burst the rest is garbage
)

// chunk is 256 entries: large enough that linking them costs nothing by comparison, small enough
// that an idle loop keeps little.
type chunk struct {
	entries [chunkSize]entry
	next    *chunk
}

func (q *queue) push(e entry) {
	if q.tail == nil || q.used == chunkSize {
		q.grow()
	}
	q.tail.entries[q.used] = e
	q.used++
	q.size++
}

// A spare chunk is empty: pop has cleared each of its places.
func (q *queue) grow() {
	c := q.spare
	if c == nil {
		c = new(chunk)
	} else {
		q.spare, c.next = c.next, nil
		q.spares--
	}
	if q.tail == nil {
		q.head = c
	} else {
		q.tail.next = c
	}
	q.tail, q.used = c, 0
}

// A queue that has become empty gives its chunk up too, so that it begins at place 0 again.
func (q *queue) pop() (e entry, ok bool) {
	if q.size == 0 {
		return e, false
	}
	c := q.head
	e, c.entries[q.first] = c.entries[q.first], entry{}
	q.first++
	if q.size--; q.size == 0 || q.first == chunkSize {
		q.leave(c)
	}
	return e, true
}

// leave gives up the first chunk, all of whose entries have been taken.
func (q *queue) leave(c *chunk) {
	q.head, q.first = c.next, 0
	if q.head == nil {
		q.tail = nil
	}
	if q.spares < maxSpares {
		c.next, q.spare = q.spare, c
		q.spares++
	}
}

// swap moves q's entries into the empty queue to, and to's spare chunks into q. So an inbox whose
// turns keep up reuses two chunks for ever, and taking a batch of any size costs the producers a
// few stores under the lock.
func (q *queue) swap(to *queue) {
	to.head, to.tail, to.first, to.used, to.size = q.head, q.tail, q.first, q.used, q.size
	q.head, q.tail, q.first, q.used, q.size = nil, nil, 0, 0, 0
	if q.spare == nil {
		q.spare, q.spares, to.spare, to.spares = to.spare, to.spares, nil, 0
	}
}

// drop removes the unwanted entries, and returns how many they were. Each entry is taken out once
// and goes back behind the others, so that their order stays.
func (q *queue) drop(unwanted func(entry) bool) (dropped int) {
	for range q.size {
		if e, _ := q.pop(); unwanted(e) {
			dropped++
		} else {
			q.push(e)
		}
	}
	return dropped
}
