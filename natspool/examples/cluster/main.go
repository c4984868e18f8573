// Cluster runs a function on three nodes, each a process of its own, and kills one of them in the
// middle. What the node was running is lost, and its calls say so; what waited runs on the others;
// what may be run twice is. Run it in the folder natspool, which is a module of its own:
//
//	$ go run ./examples/cluster
//	3 nodes, 400 calls, half of them Idempotent
//	node 2 is killed
//	Idempotent: 200 done, 0 lost
//	others:     198 done, 2 lost with node 2
//
// The same by hand, each of these in a terminal. The first is a server and a node, the second a
// node, and the third calls:
//
//	go run ./examples/cluster -serve 127.0.0.1:4222
//	go run ./examples/cluster -url nats://127.0.0.1:4222 -node
//	go run ./examples/cluster -url nats://127.0.0.1:4222 -calls 5000
//
// A node says its name when it serves. The caller is silent until all calls have ended, some twelve
// seconds later; then it counts them as above.
//
// With a server of your own, use -url and -node in the first one too. End the second one while the
// third calls: with Ctrl-C it drains, and nothing is lost; with kill -9 it loses what it runs, and
// the third one warns of it. Kill the program, and not only the go that runs it:
// pkill -9 -f 'cluster -url.*-node' does.
//
// Change one line: give once quartet.Idempotent().
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/natspool"
	"github.com/quartet-go/quartet/natspool/natsembed"
	"github.com/quartet-go/quartet/workerpool"
)

func work(ctx context.Context, n int) (int, error) { return n, quartet.Sleep(ctx, 20*time.Millisecond) }

var (
	once  = quartet.Define("cluster.once", work)
	again = quartet.Define("cluster.again", work, quartet.Idempotent())
)

const (
	slots = 4 // of each node
	beat  = 200 * time.Millisecond
	lost  = time.Second
)

func main() {
	url := flag.String("url", "", "a server of one's own; without, one is started here, and three nodes")
	isNode := flag.Bool("node", false, "be a node")
	serve := flag.String("serve", "", "be a server at this address, and a node of it")
	calls := flag.Int("calls", 400, "how many calls to make")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	switch {
	case *serve != "":
		err = serveAndNode(ctx, *serve, os.Stdout)
	case *isNode:
		err = node(ctx, *url, os.Stdout)
	case *url != "":
		err = callOnly(ctx, *url, *calls, os.Stdout)
	default:
		err = demo(ctx, *calls, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// node runs calls until ctx ends, then finishes those that it has begun.
func node(ctx context.Context, url string, out io.Writer) error {
	nc, err := nats.Connect(url, nats.MaxReconnects(-1))
	if err != nil {
		return err
	}
	defer nc.Close()
	workers := workerpool.New(workerpool.Config{Workers: slots})
	n, err := natspool.Serve(ctx, nc, workers,
		natspool.NodeConfig{Name: "cluster", Slots: slots, Heartbeat: beat, LostAfter: lost})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "node", n.ID(), "serves")
	<-ctx.Done()
	grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return quartet.Stop(grace, n, workers)
}

// serveAndNode is a server that others reach at addr, and a node.
func serveAndNode(ctx context.Context, addr string, out io.Writer) error {
	srv, _, err := natsembed.Start(natsembed.Config{Addr: addr})
	if err != nil {
		return err
	}
	defer srv.Close()
	return node(ctx, srv.URL(), out)
}

// demo starts the server and the nodes, calls, and kills a node.
func demo(ctx context.Context, calls int, out io.Writer) error {
	srv, nc, err := natsembed.Start(natsembed.Config{Addr: "127.0.0.1:0"})
	if err != nil {
		return err
	}
	defer srv.Close()
	var nodes []*exec.Cmd
	for range 3 {
		n, err := startNode(srv.URL())
		if err != nil {
			return err
		}
		defer func() { _ = n.Process.Kill(); _ = n.Wait() }()
		nodes = append(nodes, n)
	}
	fmt.Fprintf(out, "3 nodes, %d calls, half of them Idempotent\n", calls)
	kill := time.AfterFunc(300*time.Millisecond, func() {
		fmt.Fprintln(out, "node 2 is killed")
		_ = nodes[1].Process.Kill()
	})
	defer kill.Stop()
	return call(ctx, nc, calls, out, " with node 2")
}

func startNode(url string) (*exec.Cmd, error) {
	n := exec.Command(os.Args[0], "-node", "-url", url)
	n.Stderr = os.Stderr
	said, err := n.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := n.Start(); err != nil {
		return nil, err
	}
	if !bufio.NewScanner(said).Scan() {
		return nil, errors.New("a node did not come up")
	}
	return n, nil
}

func callOnly(ctx context.Context, url string, calls int, out io.Writer) error {
	nc, err := nats.Connect(url, nats.MaxReconnects(-1))
	if err != nil {
		return err
	}
	defer nc.Close()
	return call(ctx, nc, calls, out, "")
}

// call makes all calls at once, and counts how they end.
func call(ctx context.Context, nc *nats.Conn, calls int, out io.Writer, with string) error {
	pool, err := natspool.New(nc, natspool.Config{Name: "cluster", Heartbeat: beat, LostAfter: lost})
	if err != nil {
		return err
	}
	defer pool.Close()
	var ones, others []*quartet.Future[int]
	for i := range calls / 2 {
		ones = append(ones, again.Go(ctx, pool, i))
		others = append(others, once.Go(ctx, pool, i))
	}
	if err := count(ctx, out, "Idempotent:", ones, ""); err != nil {
		return err
	}
	return count(ctx, out, "others:    ", others, with)
}

func count(ctx context.Context, out io.Writer, what string, fs []*quartet.Future[int], with string) error {
	done, gone := 0, 0
	for _, f := range fs {
		_, err := f.Await(ctx)
		if _, ok := errors.AsType[*natspool.NodeLostError](err); ok {
			gone++
		} else if err != nil {
			return err
		} else {
			done++
		}
	}
	fmt.Fprintf(out, "%s %d done, %d lost%s\n", what, done, gone, with)
	return nil
}
