package natspool

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// messageOverhead is more than what travels beside a body.
const messageOverhead = 2 << 10

// objectAge is after what time the server removes large values that nobody has: those of programs
// that died.
const objectAge = 24 * time.Hour

// objectTime bounds each request to the object store.
const objectTime = 30 * time.Second

// bucket keeps bodies that are larger than a message, until they have been read. A body has one
// writer and one reader: inputs go from pool to node, outputs from node to pool. It holds no
// connection to a store: each use opens it anew, since a bucket may be removed and made again.
type bucket struct {
	js       jetstream.JetStream
	name     string
	storage  Storage
	replicas int
}

// store opens the bucket, or makes it: most clusters never need one.
func (b *bucket) store(ctx context.Context) (jetstream.ObjectStore, error) {
	store, err := b.js.ObjectStore(ctx, b.name)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		store, err = b.js.CreateObjectStore(ctx, jetstream.ObjectStoreConfig{
			Bucket: b.name, TTL: objectAge, Storage: b.storage.jetstream(), Replicas: b.replicas,
		})
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	return store, nil
}

// put stores body and returns under which name. A name is used once, so a value is never
// overwritten.
func (b *bucket) put(ctx context.Context, body []byte) (object string, err error) {
	ctx, cancel := context.WithTimeout(ctx, objectTime)
	defer cancel()
	store, err := b.store(ctx)
	if err != nil {
		return "", err
	}
	object = newID()
	if _, err = store.PutBytes(ctx, object, body); err != nil {
		return "", fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	return object, nil
}

// get returns the body. It is removed by whoever reads it last, not here: a call may be started
// again.
func (b *bucket) get(ctx context.Context, object string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, objectTime)
	defer cancel()
	store, err := b.store(ctx)
	if err != nil {
		return nil, err
	}
	body, err := store.GetBytes(ctx, object)
	if err != nil {
		return nil, fmt.Errorf("natspool: a large value: %w", err)
	}
	return body, nil
}

// remove removes an object; "" is none. An object that it cannot remove expires after objectAge.
func (b *bucket) remove(object string) {
	if object == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), objectTime)
	defer cancel()
	if store, err := b.js.ObjectStore(ctx, b.name); err == nil {
		_ = store.Delete(ctx, object)
	}
}

// removeLater is remove on a goroutine that the pool waits for. The caller may hold the pool's
// lock.
func (b *bucket) removeLater(p *Pool, object string) {
	if object == "" {
		return
	}
	p.aside.Go(func() {
		b.remove(object)
	})
}
