package natspool

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// classIdle is after what time without nodes the server forgets a class. Calls that only it can run
// stay.
const classIdle = time.Hour

// stream is the stream of a pool of that name. A work queue keeps each call until it is
// acknowledged, once; DiscardNew makes a full stream refuse, where DiscardOld would lose calls.
func (c *Config) stream(n names) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: n.stream, Description: "quartet calls that wait for a node", Subjects: []string{n.calls()},
		Retention: jetstream.WorkQueuePolicy, Discard: jetstream.DiscardNew,
		Storage: c.Storage.jetstream(), Replicas: c.Replicas, MaxMsgs: int64(c.Backlog),
	}
}

func (s Storage) jetstream() jetstream.StorageType {
	if s == File {
		return jetstream.FileStorage
	}
	return jetstream.MemoryStorage
}

// ensureStream creates the stream, or checks the one that is there. A field that differs would make
// pools of one name behave differently, or lose calls, so it is an error.
func ensureStream(ctx context.Context, js jetstream.JetStream, cfg *Config, n names) error {
	want := cfg.stream(n)
	s, err := js.CreateStream(ctx, want)
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		s, err = js.Stream(ctx, n.stream)
	}
	if err != nil {
		return fmt.Errorf("natspool: stream %s: %w", n.stream, err)
	}
	have := s.CachedInfo().Config
	for _, f := range []struct {
		name       string
		have, want any
	}{
		{"Storage", have.Storage, want.Storage},
		{"Replicas", have.Replicas, want.Replicas},
		{"Backlog", have.MaxMsgs, want.MaxMsgs},
	} {
		if f.have != f.want {
			return fmt.Errorf("natspool: Config.%s is %v, but the stream %s was made with %v", f.name, f.want, n.stream,
				f.have)
		}
	}
	if have.Retention != want.Retention || have.Discard != want.Discard {
		return fmt.Errorf("natspool: the stream %s was not made by this package", n.stream)
	}
	return nil
}

// consumer is the queue of a class of nodes. MaxDeliver and MaxAckPending are unbounded: how often
// a call is tried is the pool's to count, and how many are asked about the nodes'.
func (c *Config) consumer(n names, class string) jetstream.ConsumerConfig {
	cc := jetstream.ConsumerConfig{
		Durable: class, FilterSubject: n.queue(class), AckPolicy: jetstream.AckExplicitPolicy, AckWait: c.LostAfter,
		MaxDeliver: -1, MaxAckPending: -1, MaxWaiting: maxWaiting,
	}
	if class != anyClass {
		cc.InactiveThreshold = classIdle
	}
	return cc
}

// maxWaiting is how many requests for calls the server keeps for all nodes together. A node has few
// at a time.
const maxWaiting = 1 << 14

// ensureConsumer does the same for the queue of a class.
func ensureConsumer(ctx context.Context, js jetstream.JetStream, cfg *Config, n names, class string) error {
	want := cfg.consumer(n, class)
	c, err := js.CreateConsumer(ctx, n.stream, want)
	if errors.Is(err, jetstream.ErrConsumerExists) {
		c, err = js.Consumer(ctx, n.stream, class)
	}
	if err != nil {
		return fmt.Errorf("natspool: consumer %s of stream %s: %w", class, n.stream, err)
	}
	if have := c.CachedInfo().Config; have.AckWait != want.AckWait {
		return fmt.Errorf("natspool: Config.LostAfter is %v, but the stream %s was made with %v", want.AckWait,
			n.stream, have.AckWait)
	}
	return nil
}
