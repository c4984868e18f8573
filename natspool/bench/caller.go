package main

import (
	"context"
	"fmt"
	"time"

	"github.com/hibiken/asynq"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/natspool"
	"github.com/quartet-go/quartet/workerpool"
)

const window = 256 // calls in flight

type caller struct {
	nc    *nats.Conn
	pool  *natspool.Pool
	js    jetstream.JetStream
	local *workerpool.Pool
	jobs  *asynq.Client
	queue *asynq.Inspector
}

func newCaller(url, redis string) *caller {
	nc, err := nats.Connect(url)
	check(err)
	pool, err := natspool.New(nc, natspool.Config{Storage: storage(*file)})
	check(err)
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(window))
	check(err)
	ctx := context.Background()
	kind := jetstream.MemoryStorage
	if *file {
		kind = jetstream.FileStorage
	}
	_, err = js.CreateStream(ctx,
		jetstream.StreamConfig{
			Name: "BARE", Subjects: []string{"bare"}, Retention: jetstream.WorkQueuePolicy,
			Storage: kind,
		})
	check(err)
	_, err = js.CreateConsumer(ctx, "BARE",
		jetstream.ConsumerConfig{Durable: "bare", AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: -1})
	check(err)
	opt := asynq.RedisClientOpt{Addr: redis}
	return &caller{
		nc, pool, js, workerpool.New(workerpool.Config{Workers: 2 * slots}), asynq.NewClient(opt),
		asynq.NewInspector(opt),
	}
}

func (c *caller) cases() []benchCase {
	return []benchCase{
		{"one empty call at a time, there and back", 3, 6, []contender{
			{"natspool", func() time.Duration { return c.oneByOne(1000, nil) }},
			{"NATS request and reply", func() time.Duration { return c.requests(1000, nil) }},
		}},
		{fmt.Sprintf("empty calls, %d in flight, per call", window), 1.6, 3, []contender{
			{"natspool", func() time.Duration { took, _ := inFlight(20_000, c.pool, empty, struct{}{}); return took }},
			{"publish, fetch, acknowledge", func() time.Duration { return c.bare(20_000) }},
			{"asynq over miniredis", func() time.Duration { return c.asynq(2000) }},
		}},
		c.sleeping(1, 4000),
		c.sleeping(10, 2000),
		c.bothWays("1 KiB both ways", 1<<10, 1000),
		c.bothWays("1 MiB both ways", 1<<20, 20),
	}
}

// sleeping is a case of n tasks that sleep for so many milliseconds.
func (c *caller) sleeping(millis, n int) benchCase {
	return benchCase{fmt.Sprintf("tasks of %d ms on 2 nodes of 8 slots, per task", millis), 0, 0, []contender{
		{"natspool", func() time.Duration { return busy(c.pool, millis, n) }},
		{"the same in one pool of 16", func() time.Duration { return busy(c.local, millis, n) }},
	}}
}

func (c *caller) bothWays(name string, size, n int) benchCase {
	body := make([]byte, size)
	return benchCase{name, 3, 0, []contender{
		{"natspool", func() time.Duration { return c.oneByOne(n, body) }},
		{"NATS request and reply", func() time.Duration { return c.requests(n, body) }},
	}}
}

// per returns the time that one of n operations took since then.
func per(since time.Time, n int) time.Duration { return time.Since(since) / time.Duration(n) }

func (c *caller) oneByOne(n int, body []byte) time.Duration {
	began := time.Now()
	for range n {
		var err error
		if body == nil {
			_, err = empty.Do(context.Background(), c.pool, struct{}{})
		} else {
			_, err = echo.Do(context.Background(), c.pool, body)
		}
		check(err)
	}
	return per(began, n)
}

func (c *caller) requests(n int, body []byte) time.Duration {
	began := time.Now()
	for range n {
		_, err := c.nc.Request("bench.echo", body, time.Minute)
		check(err)
	}
	return per(began, n)
}

// busy also prints which share of their time the 16 slots were inside a task: the share of the
// ideal.
func busy(ex quartet.Executor, millis, n int) time.Duration {
	took, results := inFlight(n, ex, sleep, millis)
	var inside time.Duration
	for _, d := range results {
		inside += d
	}
	fmt.Printf("%28T a task takes %v, slots are busy for %.3f of the time\n", ex,
		round(inside/time.Duration(len(results))),
		float64(inside)/float64(2*slots*len(results))/float64(took))
	return took
}

func inFlight[In, Out any](n int, ex quartet.Executor, f *quartet.Func[In, Out], in In,
) (took time.Duration, results []Out) {
	inputs := func(yield func(In) bool) {
		for range n {
			if !yield(in) {
				return
			}
		}
	}
	began := time.Now()
	for out, err := range f.Map(context.Background(), ex, inputs, quartet.Ahead(window)) {
		check(err)
		results = append(results, out)
	}
	return per(began, n), results
}

// bare is over when all that was published has been acknowledged.
func (c *caller) bare(n int) time.Duration {
	began := time.Now()
	for range n {
		_, err := c.js.PublishAsync("bare", []byte("{}"), jetstream.WithStallWait(time.Minute))
		check(err)
	}
	s, err := c.js.Stream(context.Background(), "BARE")
	check(err)
	for {
		info, err := s.Info(context.Background())
		check(err)
		if info.State.Msgs == 0 {
			return per(began, n)
		}
	}
}

// asynq is over when its queue is empty.
func (c *caller) asynq(n int) time.Duration {
	pool := workerpool.New(workerpool.Config{Workers: window})
	defer pool.Close()
	began := time.Now()
	var fs []*quartet.Future[struct{}]
	for range n {
		fs = append(fs, quartet.Go(context.Background(), pool, func(context.Context) (struct{}, error) {
			_, err := c.jobs.Enqueue(asynq.NewTask("empty", nil))
			return struct{}{}, err
		}))
	}
	_, err := quartet.AwaitAll(context.Background(), fs...)
	check(err)
	for {
		info, err := c.queue.GetQueueInfo("default")
		check(err)
		if info.Pending+info.Active == 0 {
			return per(began, n)
		}
		time.Sleep(time.Millisecond)
	}
}
