// Places runs one function, which starts two more of itself and awaits them, in five places:
//
//	inline                        8191 calls
//	event loop                    8191 calls
//	pool of one worker            8191 calls
//	pool of one process           8191 calls
//	cluster of one node, one slot 8191 calls
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/nats-io/nats.go"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/natspool"
	"github.com/quartet-go/quartet/natspool/natsembed"
	"github.com/quartet-go/quartet/procpool"
	"github.com/quartet-go/quartet/workerpool"
)

var fan = quartet.Declare[int, int]("places.fan")

func init() {
	fan.Body(func(ctx context.Context, depth int) (int, error) {
		if depth == 0 {
			return 1, nil
		}
		here, _ := quartet.Current(ctx)
		both, err := quartet.AwaitAll(ctx, fan.Go(ctx, here, depth-1), fan.Go(ctx, here, depth-1))
		if err != nil {
			return 0, err
		}
		return both[0] + both[1] + 1, nil
	})
}

func main() {
	procpool.Init()
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run has a server and a node in this process; in earnest they are elsewhere.
func run(ctx context.Context, out io.Writer) error {
	srv, nc, err := natsembed.Start(natsembed.Config{})
	if err != nil {
		return err
	}
	defer srv.Close()
	workers := workerpool.New(workerpool.Config{Workers: 1})
	defer workers.Close()
	node, err := natspool.Serve(ctx, nc, workers, natspool.NodeConfig{Name: "places", Slots: 1})
	if err != nil {
		return err
	}
	defer node.Close()
	return fanOut(ctx, nc, out)
}

func fanOut(ctx context.Context, nc *nats.Conn, out io.Writer) error {
	loop := eventloop.New(eventloop.Config{})
	loop.Start()
	processes, err := procpool.New(procpool.Config{Workers: 1})
	if err != nil {
		return err
	}
	cluster, err := natspool.New(nc, natspool.Config{Name: "places"})
	if err != nil {
		return err
	}
	for _, place := range []struct {
		name string
		ex   quartet.Executor
	}{
		{"inline", quartet.Inline()},
		{"event loop", loop},
		{"pool of one worker", workerpool.New(workerpool.Config{Workers: 1})},
		{"pool of one process", processes},
		{"cluster of one node, one slot", cluster},
	} {
		n, err := fan.Do(ctx, place.ex, 12)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%-29s %d calls\n", place.name, n)
		if err := place.ex.Shutdown(ctx); err != nil {
			return err
		}
	}
	return nil
}
