package gil

import (
	"context"
	"fmt"
	"sync"
)

// Queue passes values between threads, in order (queue.Queue): who waits at it releases the global
// lock meanwhile. Make one with [NewQueue]. Its methods may be called from any goroutine; outside
// of threads they block it.
//
// Its values are passed at the moment of the call, also under the Virtual clock: they cost no
// virtual time but the waits and the wake-ups.
type Queue[T any] struct {
	size int

	// mu guards the fields below. A thread waits in a line after it was released.
	mu      sync.Mutex
	values  []T
	getters line // wait for a value
	putters line // wait for room
}

// NewQueue returns a queue with room for size values, or for any number when size is 0. It panics
// when size is negative.
func NewQueue[T any](size int) *Queue[T] {
	if size < 0 {
		panic(fmt.Sprintf("gil: NewQueue(%d): a size is not negative", size))
	}
	return &Queue[T]{size: size}
}

// Len returns how many values are in the queue. Another thread may change that at once.
func (q *Queue[T]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.values)
}

// Put appends v, when there is room. The error is ctx's cause; v is not in the queue then.
func (q *Queue[T]) Put(ctx context.Context, v T) error {
	room := func() bool { return q.size == 0 || len(q.values) < q.size }
	return q.when(ctx, room, &q.putters, func() (wake func()) {
		q.values = append(q.values, v)
		return q.getters.first()
	})
}

// Get takes the oldest value, when there is one. The error is ctx's cause.
func (q *Queue[T]) Get(ctx context.Context) (v T, err error) {
	some := func() bool { return len(q.values) > 0 }
	err = q.when(ctx, some, &q.getters, func() (wake func()) {
		var none T
		v, q.values[0] = q.values[0], none
		q.values = q.values[1:]
		return q.putters.first()
	})
	return v, err
}

// when waits in line until cond holds, and then calls do. After a wake-up it looks again: who came
// in between may have taken the value or the room. cond and do are called under mu, and must be
// short.
//
// The look and the entry in the line are one section, so a Put or Get in between finds the waiter.
func (q *Queue[T]) when(ctx context.Context, cond func() bool, in *line, do func() (wake func())) error {
	for {
		q.mu.Lock()
		if cond() {
			wake := do()
			q.mu.Unlock()
			call(wake)
			return nil
		}
		s := in.join()
		q.mu.Unlock()
		if err := s.wait(ctx, &q.mu); err != nil {
			q.mu.Lock()
			wake := in.leave(s, cond())
			q.mu.Unlock()
			call(wake)
			return err
		}
	}
}
