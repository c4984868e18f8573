package procpool

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// fuzzedPool is a pool with one worker, which has six calls and no process.
type fuzzedPool struct {
	*Pool
	worker  *worker
	futures []*quartet.Future[int]
	stream  *fuzzedStream
}

// newShared is a file like the one that a pool and its worker share.
func newShared(f *testing.F) *os.File {
	shared, err := os.Create(filepath.Join(f.TempDir(), "shared"))
	require.NoError(f, err)
	f.Cleanup(func() { _ = shared.Close() })
	require.NoError(f, shared.Truncate(wire.SharedEnd))
	return shared
}

// newMutePool makes a pool whose worker has no process, and has not said hello.
func newMutePool(t *testing.T, cfg Config) *fuzzedPool {
	initDone.Store(true)
	cfg.Command, cfg.Workers, cfg.OnPanic = []string{"no worker"}, 1, func(error) {}
	p, err := New(cfg)
	require.NoError(t, err)
	p.in.Lock()
	w := p.newWorkerLocked(0)
	p.ending = true // no other one comes
	p.in.Commit()
	w.greeting = wire.Greeting{Version: wire.Version, Codec: p.codec, Bulk: true}
	w.reader.Limit = wire.MaxHello
	return &fuzzedPool{Pool: p, worker: w, stream: &fuzzedStream{}}
}

// hello is the first frame of the worker, as g and what every hello has.
func (f *fuzzedPool) hello(t *testing.T, g wire.Greeting) []byte {
	g.Magic, g.Version, g.Codec = wire.Magic, wire.Version, f.codec
	body, err := json.Marshal(g)
	require.NoError(t, err)
	return wire.Append(nil, wire.Frame{Type: wire.Hello, Body: body})
}

// newFuzzedPool makes a pool whose worker keeps a ledger in shared, runs so many calls at once, and
// has said hello.
func newFuzzedPool(t *testing.T, shared *os.File, concurrency int) *fuzzedPool {
	f := newMutePool(t, Config{Concurrency: concurrency, MaxFrame: 1 << 20})
	p, w := f.Pool, f.worker
	w.page = shared
	hello := f.hello(t, wire.Greeting{
		Concurrency: concurrency, Bulk: true, Ledger: true, Heartbeat: true, Nested: true,
	})
	require.NoError(t, f.feed(hello))
	w.window = maxWindow
	for i := range streamID - 1 {
		f.futures = append(f.futures, fuzzed.Go(context.Background(), p, i))
	}
	require.NoError(t, p.SubmitCall(context.Background(), f.stream))
	return f
}

// feed gives the pool bytes from the worker's pipe.
func (f *fuzzedPool) feed(data []byte) error {
	for len(data) > 0 {
		n := copy(f.worker.reader.Room(), data)
		f.worker.reader.Fed(n)
		data = data[n:]
		if err := f.receive(f.worker); err != nil {
			f.worker.broken = true
			return err
		}
	}
	return nil
}

// gone ends the worker, and then the pool.
func (f *fuzzedPool) gone(t *testing.T, page *os.File) {
	f.worker.out.close()
	f.worker.reap()
	f.bury(f.worker, burial{code: 1, page: page})
	require.NoError(t, f.Close())
}

// dies ends the worker, and then the pool. Each accepted call has ended once.
func (f *fuzzedPool) dies(t *testing.T, page *os.File) {
	f.gone(t, page)
	for _, f := range f.futures {
		_, err := f.Result()
		require.NotErrorIs(t, err, quartet.ErrPending)
	}
	require.Equal(t, 1, f.stream.ends)
	s := f.Stats()
	require.Equal(t, s.Submitted, s.Done+s.Failed+s.Abandoned)
}
