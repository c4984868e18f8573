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

// newFuzzedPool makes a pool whose worker keeps a ledger in shared, runs so many calls at once, and
// has said hello.
func newFuzzedPool(t *testing.T, shared *os.File, concurrency int) *fuzzedPool {
	initDone.Store(true)
	p, err := New(Config{
		Command: []string{"no worker"}, Workers: 1, Concurrency: concurrency, MaxFrame: 1 << 20,
		OnPanic: func(error) {},
	})
	require.NoError(t, err)
	p.in.Lock()
	w := p.newWorkerLocked(0)
	p.ending = true // no other one comes
	p.in.Commit()
	hello, err := json.Marshal(wire.Greeting{
		Magic: wire.Magic, Version: wire.Version, Codec: p.codec,
		Concurrency: concurrency, Bulk: true, Ledger: true, Heartbeat: true, Nested: true,
	})
	require.NoError(t, err)
	w.greeting, w.page = wire.Greeting{Version: wire.Version, Codec: p.codec, Bulk: true}, shared
	w.reader.Limit = wire.MaxHello
	f := &fuzzedPool{Pool: p, worker: w, stream: &fuzzedStream{}}
	require.NoError(t, f.feed(wire.Append(nil, wire.Frame{Type: wire.Hello, Body: hello})))
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

// dies ends the worker, and then the pool. Each accepted call has ended once.
func (f *fuzzedPool) dies(t *testing.T, page *os.File) {
	f.bury(f.worker, burial{code: 1, page: page})
	require.NoError(t, f.Close())
	for _, f := range f.futures {
		_, err := f.Result()
		require.NotErrorIs(t, err, quartet.ErrPending)
	}
	require.Equal(t, 1, f.stream.ends)
	s := f.Stats()
	require.Equal(t, s.Submitted, s.Done+s.Failed+s.Abandoned)
}
