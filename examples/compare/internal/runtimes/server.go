package runtimes

import (
	"context"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/procpool"
)

// listen starts a server in the runtime, and gives its port.
var listen = quartet.Declare[struct{}, int]("compare.listen")

// open starts a runtime, and a connection to its server.
func open(cfg procpool.Config, turns int) load.Server {
	pool, err := procpool.New(cfg)
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	port, err := listen.Do(ctx, pool, struct{}{})
	if err != nil {
		panic(err)
	}
	c, err := dial(port, turns)
	if err != nil {
		panic(err)
	}
	return load.Server{Serve: c.serve, Shut: func() { _, _ = c.close(), pool.Close() }}
}
