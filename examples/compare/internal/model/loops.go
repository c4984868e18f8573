package model

import (
	"context"
	"time"

	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/examples/compare/internal/load"
)

// HandOver is the CPU time that Node's cluster takes to accept a connection in one process and to
// hand it to another (measured on Node 20, where each request has a connection of its own).
const HandOver = 400 * time.Microsecond

// cluster hands requests to loops as Node's cluster hands new connections to its processes
// (SCHED_RR): in turn, to one that is free. A loop is free again when it has accepted its last
// request, so that a busy loop is handed one request at the most. Each request stands for a
// connection of its own.
type cluster struct {
	loops   []*eventloop.Loop
	primary *eventloop.Loop // it owns the rest
	costs   func(time.Duration)
	free    []int // loops, the one that has been free for longest first
	queue   []func(loop *eventloop.Loop)
}

// openLoops starts as many loops as there are cores, at most as many as there are workers.
func openLoops(s load.Setup) load.Server {
	c := &cluster{primary: startLoop(load.Setup{}), costs: s.Costs}
	for i := range min(s.Workers, Cores()) {
		c.loops = append(c.loops, startLoop(s))
		c.free = append(c.free, i)
	}
	return load.Server{
		Executor: c.loops[0],
		Serve: func(ctx context.Context, r load.Request, done func(error)) {
			_ = c.primary.Post(func() { // an error: it is closing, and nobody waits for the answer
				c.queue = append(c.queue, func(loop *eventloop.Loop) { load.On(loop).Serve(ctx, r, done) })
				c.dispatch()
			})
		},
		Shut: func() {
			_ = c.primary.Close()
			for _, l := range c.loops {
				_ = l.Close()
			}
		},
	}
}

// dispatch brings the oldest request to the loop that has been free for longest, if there is one of
// each.
func (c *cluster) dispatch() {
	if len(c.queue) == 0 || len(c.free) == 0 {
		return
	}
	serve, i := c.queue[0], c.free[0]
	c.queue, c.free = c.queue[1:], c.free[1:]
	c.costs(HandOver)
	_ = c.loops[i].Post(func() {
		serve(c.loops[i])
		_ = c.primary.Post(func() {
			c.free = append(c.free, i)
			c.dispatch()
		})
	})
}
