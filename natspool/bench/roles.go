package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/natspool"
	"github.com/quartet-go/quartet/natspool/natsembed"
	"github.com/quartet-go/quartet/workerpool"
)

var roles = map[string]func(){"server": server, "redis": redis, "node": node}

func server() {
	srv, _, err := natsembed.Start(natsembed.Config{Addr: "127.0.0.1:0"})
	check(err)
	fmt.Println(srv.URL())
	select {}
}

func redis() {
	s := miniredis.NewMiniRedis()
	check(s.Start())
	fmt.Println(s.Addr())
	select {}
}

const slots = 8 // of each node

// node has all that answers: natspool's node, a responder, a fetcher of the bare stream, and
// asynq's server.
func node() {
	nc, err := nats.Connect(os.Getenv("BENCH_URL"))
	check(err)
	ex := workerpool.New(workerpool.Config{Workers: slots})
	_, err = natspool.Serve(context.Background(), nc, ex,
		natspool.NodeConfig{Slots: slots, Storage: storage(os.Getenv("BENCH_FILE") == "true")})
	check(err)
	_, err = nc.QueueSubscribe("bench.echo", "nodes", func(m *nats.Msg) { _ = m.Respond(m.Data) })
	check(err)
	go fetch(nc)
	jobs := asynq.NewServer(asynq.RedisClientOpt{Addr: os.Getenv("BENCH_REDIS")},
		asynq.Config{Concurrency: slots, LogLevel: asynq.FatalLevel})
	check(jobs.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error { return nil })))
	fmt.Println("ready")
	select {}
}

// fetch takes messages from the bare stream and acknowledges them.
func fetch(nc *nats.Conn) {
	js, err := jetstream.New(nc)
	check(err)
	ctx := context.Background()
	for {
		c, err := js.Consumer(ctx, "BARE", "bare")
		if err != nil {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		for {
			batch, err := c.Fetch(128, jetstream.FetchMaxWait(time.Second))
			if err != nil {
				break
			}
			for m := range batch.Messages() {
				_ = m.Ack()
			}
		}
	}
}

func storage(file bool) natspool.Storage {
	if file {
		return natspool.File
	}
	return natspool.Memory
}

var (
	empty = quartet.Define("bench.empty", func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil })
	echo  = quartet.Define("bench.echo", func(_ context.Context, b []byte) ([]byte, error) { return b, nil })
	// sleep sleeps for so many milliseconds, and returns how long it took: one of a millisecond
	// takes 1.1 to 1.6, depending on what else its machine does.
	sleep = quartet.Define("bench.sleep", func(_ context.Context, millis int) (time.Duration, error) {
		began := time.Now()
		time.Sleep(time.Duration(millis) * time.Millisecond)
		return time.Since(began), nil
	})
)
