package natspool_test

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/natspool"
	"github.com/quartet-go/quartet/natspool/natsembed"
	"github.com/quartet-go/quartet/workerpool"
)

// square is a function of both programs: of the one that calls, and of the one that runs the calls.
var square = quartet.Define("example.square", func(_ context.Context, n int) (int, error) { return n * n, nil })

// A pool is where calls are made. The connection is that of the server which the nodes use, too.
func ExampleNew() {
	srv, nc, err := natsembed.Start(natsembed.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	pool, err := natspool.New(nc, natspool.Config{Name: "squares"})
	if err != nil {
		fmt.Println(err)
		return
	}
	waits := square.Go(context.Background(), pool, 7) // there is no node yet

	workers := workerpool.New(workerpool.Config{})
	node, err := natspool.Serve(context.Background(), nc, workers, natspool.NodeConfig{Name: "squares"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(waits.Await(context.Background()))

	// Each one is stopped before those that it uses.
	fmt.Println(quartet.Stop(context.Background(), pool, node, workers))
	// Output:
	// 49 <nil>
	// <nil>
}

// A node runs calls on any executor of its process, and only the functions that it names.
func ExampleServe() {
	srv, nc, err := natsembed.Start(natsembed.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	workers := workerpool.New(workerpool.Config{Workers: 4})
	node, err := natspool.Serve(context.Background(), nc, workers, natspool.NodeConfig{
		Slots: 4, Functions: []string{square.Name()},
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	pool, err := natspool.New(nc, natspool.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	inputs := func(yield func(int) bool) { _ = yield(1) && yield(2) && yield(3) }
	for n, err := range square.Map(context.Background(), pool, inputs) {
		fmt.Println(n, err)
	}
	_ = quartet.Stop(context.Background(), pool, node, workers)
	// Output:
	// 1 <nil>
	// 4 <nil>
	// 9 <nil>
}

// Nodes lists the nodes that are there, with what each says of itself.
func ExamplePool_Nodes() {
	srv, nc, err := natsembed.Start(natsembed.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	workers := workerpool.New(workerpool.Config{Workers: 4})
	node, err := natspool.Serve(context.Background(), nc, workers, natspool.NodeConfig{
		Slots: 4, Functions: []string{square.Name()},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	pool, err := natspool.New(nc, natspool.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	nodes, err := pool.Nodes(context.Background())
	for _, n := range nodes {
		fmt.Println(n.ID == node.ID(), n.Slots, "slots,", n.Running, "running,", n.Functions, "of", n.Stats.Limit,
			"workers")
	}
	fmt.Println(err)
	_ = quartet.Stop(context.Background(), pool, node, workers)
	// Output:
	// true 4 slots, 0 running, [example.square] of 4 workers
	// <nil>
}

// bills is where invoices are stored: once each, however often they are put there.
var bills = struct {
	sync.Mutex
	stored map[int]string
	done   chan struct{}
}{stored: map[int]string{}, done: make(chan struct{}, 1)}

// invoice stores its own result. Running it twice does no harm, and so it is Idempotent.
var invoice = quartet.Define("example.invoice", func(_ context.Context, id int) (struct{}, error) {
	bills.Lock()
	defer bills.Unlock()
	bills.stored[id] = fmt.Sprintf("invoice %d", id)
	bills.done <- struct{}{}
	return struct{}{}, nil
}, quartet.Idempotent())

// A call of a Detached pool outlives the pool: here the node comes when the pool has gone.
func ExampleConfig_detached() {
	srv, nc, err := natsembed.Start(natsembed.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	jobs, err := natspool.New(nc, natspool.Config{Name: "billing", Detached: true, Heartbeat: beat, LostAfter: lost})
	if err != nil {
		fmt.Println(err)
		return
	}
	f := invoice.Go(context.Background(), jobs, 17)
	_ = jobs.Close()
	_, err = f.Await(context.Background())
	fmt.Println("the caller's future has ended:", errors.Is(err, quartet.ErrClosed))

	workers := workerpool.New(workerpool.Config{})
	node, err := natspool.Serve(context.Background(), nc, workers,
		natspool.NodeConfig{Name: "billing", Heartbeat: beat, LostAfter: lost})
	if err != nil {
		fmt.Println(err)
		return
	}
	<-bills.done
	bills.Lock()
	fmt.Println("stored:", bills.stored[17])
	bills.Unlock()
	_ = quartet.Stop(context.Background(), node, workers)
	// Output:
	// the caller's future has ended: true
	// stored: invoice 17
}
