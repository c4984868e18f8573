package runtimes

import (
	"context"
	"errors"
	"sync"

	"github.com/quartet-go/quartet/examples/compare/internal/load"
)

// most is how many connections a crew has at most: a request more waits for one of them.
const most = 1000

// crew are connections each of which carries one request at a time, for a server that has a thread
// for each.
type crew struct {
	all []*client

	mu   sync.Mutex
	idle []*client
	todo []func(*client) // requests that wait for a connection
}

// hire opens n connections, and has each answer once, so that the server's thread is up.
func hire(ctx context.Context, port, turns, n int) (*crew, error) {
	k := new(crew)
	answers := make(chan error, n)
	for range n {
		c, err := dial(port, turns)
		if err != nil {
			return nil, errors.Join(err, k.close())
		}
		k.all = append(k.all, c)
		c.serve(ctx, load.Request{}, func(err error) { answers <- err })
	}
	for range n {
		select {
		case err := <-answers:
			if err != nil {
				return nil, errors.Join(err, k.close())
			}
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), k.close())
		}
	}
	k.idle = append(k.idle, k.all...)
	return k, nil
}

// serve is load.Server's.
func (k *crew) serve(ctx context.Context, r load.Request, done func(error)) {
	request := func(c *client) {
		c.serve(ctx, r, func(err error) {
			k.free(c)
			done(err)
		})
	}
	if c := k.take(request); c != nil {
		request(c)
	}
}

// take is a connection that is idle; else nil, and the request waits for one.
func (k *crew) take(request func(*client)) *client {
	k.mu.Lock()
	defer k.mu.Unlock()
	last := len(k.idle) - 1
	if last < 0 {
		k.todo = append(k.todo, request)
		return nil
	}
	c := k.idle[last]
	k.idle = k.idle[:last]
	return c
}

// free gives a connection the request that has waited longest, or none.
func (k *crew) free(c *client) {
	k.mu.Lock()
	if len(k.todo) == 0 {
		k.idle = append(k.idle, c)
		k.mu.Unlock()
		return
	}
	request := k.todo[0]
	k.todo = k.todo[1:]
	k.mu.Unlock()
	request(c)
}

// close ends the connections. It returns why one had ended before, if one had.
func (k *crew) close() (gone error) {
	for _, c := range k.all {
		if err := c.close(); gone == nil {
			gone = err
		}
	}
	return gone
}
