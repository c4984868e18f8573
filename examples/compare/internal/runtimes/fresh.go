package runtimes

import (
	"context"
	"sync"

	"github.com/quartet-go/quartet/examples/compare/internal/load"
)

// fresh opens a connection for each request, as clients do that a cluster spreads over its
// processes.
type fresh struct {
	port, turns int
	requests    sync.WaitGroup
}

// serve is load.Server's.
func (f *fresh) serve(ctx context.Context, r load.Request, done func(error)) {
	f.requests.Go(func() {
		c, err := dial(f.port, f.turns)
		if err != nil {
			done(err)
			return
		}
		answered := make(chan error, 1)
		c.serve(ctx, r, func(err error) { answered <- err })
		err = <-answered
		done(err)
		_ = c.close()
	})
}

// close waits for the requests.
func (f *fresh) close() error {
	f.requests.Wait()
	return nil
}
