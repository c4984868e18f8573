package runtimes

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/procpool"
)

// listen starts a server in the runtime, and gives its port.
var listen = quartet.Declare[struct{}, int]("compare.listen")

// starting is how long a runtime may take until its server listens.
const starting = 20 * time.Second

// server is one way to serve in a runtime. One that has failed, when it started or later, is not
// tried again.
type server struct {
	name  string
	cfg   procpool.Config
	turns int // in a millisecond
	per   per

	mu   sync.Mutex
	why  string // it has failed; "": it has not
	told bool   // and this has been said
}

// open is load.Model's. Where the runtime fails, so do all requests.
func (s *server) open(setup load.Setup) load.Server {
	cfg, heard := s.cfg, new(ear)
	cfg.OnOutput = heard.hear
	pool, err := procpool.New(cfg)
	if err != nil {
		return s.failed(err.Error())
	}
	c, err := s.connect(pool, setup)
	if err != nil {
		_ = pool.Close()
		return s.failed(cmp.Or(heard.complaint(), err.Error()))
	}
	return load.Server{Serve: c.serve, Shut: func() {
		gone := c.close()
		_ = pool.Close() // now it has said all that it will say
		if gone != nil {
			s.fail(cmp.Or(heard.complaint(), gone.Error()))
		}
	}}
}

// connection is how a server is talked to.
type connection interface {
	serve(ctx context.Context, r load.Request, done func(error))
	close() error // why it had ended before, if it had
}

func (s *server) connect(pool *procpool.Pool, setup load.Setup) (connection, error) {
	ctx, cancel := context.WithTimeout(context.Background(), starting)
	defer cancel()
	port, err := listen.Do(ctx, pool, struct{}{})
	if err != nil {
		return nil, err
	}
	switch s.per {
	case turns:
		return hire(ctx, port, s.turns, min(max(setup.Requests, 1), most))
	case single:
		return &fresh{port: port, turns: s.turns}, nil
	}
	return dial(port, s.turns)
}

// failed is a server that answers nothing.
func (s *server) failed(why string) load.Server {
	s.fail(why)
	return load.Server{
		Serve: func(_ context.Context, _ load.Request, done func(error)) { done(errGone) },
		Shut:  func() {},
	}
}

func (s *server) fail(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.why = why
}

// down is load.Model's.
func (s *server) down() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why != ""
}

// news is what became of it, once; "" of one that works.
func (s *server) news() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.why == "" || s.told {
		return ""
	}
	s.told = true
	return fmt.Sprintf("%s is left out from here on: %s", s.name, s.why)
}
