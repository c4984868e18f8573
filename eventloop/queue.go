package eventloop

// entry is one posted thing: a callback, a fiber that goes on, or the start of the oldest queued task.
type entry struct {
	fn   func()
	wait *wait
}

// queue is a FIFO in chunks: what it holds never moves, and its memory is reused. (One growing slice doubles and copies
// under the lock while a producer is ahead; a linked list allocates for each entry.)
type queue struct {
	head, tail *chunk
	first      int // in head
	size       int
	spare      *chunk
	spares     int
}

const (
	chunkSize = 256
	maxSpares = 1024
)

type chunk struct {
	entries [chunkSize]entry
	used    int
	next    *chunk
}

func (q *queue) push(e entry) {
	c := q.tail
	if c == nil || c.used == chunkSize {
		c = q.grow()
	}
	c.entries[c.used] = e
	c.used++
	q.size++
}

func (q *queue) grow() *chunk {
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
	q.tail = c
	return c
}

func (q *queue) pop() (e entry, ok bool) {
	c := q.head
	if q.size == 0 {
		return e, false
	}
	e, c.entries[q.first] = c.entries[q.first], entry{}
	q.first++
	q.size--
	if q.first == c.used {
		q.next()
	}
	return e, true
}

// next leaves the exhausted first chunk.
func (q *queue) next() {
	c := q.head
	q.head, q.first = c.next, 0
	if q.head == nil {
		q.tail = nil
	}
	q.keep(c)
}

func (q *queue) keep(c *chunk) {
	if q.spares < maxSpares {
		c.used, c.next, q.spare = 0, q.spare, c
		q.spares++
	}
}

// swap moves what q holds into the empty queue to, and to's spare chunks into q.
func (q *queue) swap(to *queue) {
	to.head, to.tail, to.first, to.size = q.head, q.tail, q.first, q.size
	q.head, q.tail, q.first, q.size = nil, nil, 0, 0
	if q.spare == nil {
		q.spare, q.spares, to.spare, to.spares = to.spare, to.spares, nil, 0
	}
}

// drop takes out what to drop says, and returns how many that were.
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
