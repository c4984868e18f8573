package procpool

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/functions"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

var fuzzed = quartet.Declare[int, int]("fuzzed")

// fuzzedStream is a call that takes its result item by item.
type fuzzedStream struct {
	taken func(n int)
	ends  int
}

var _ functions.Reader = (*fuzzedStream)(nil)

func (*fuzzedStream) Name() string                                            { return "fuzzed stream" }
func (*fuzzedStream) AppendInput(dst []byte, _ quartet.Codec) ([]byte, error) { return dst, nil }
func (s *fuzzedStream) Run(context.Context)                                   {}
func (s *fuzzedStream) Abandon(error)                                         { s.ends++ }
func (s *fuzzedStream) Resolve(_ []byte, _ quartet.Codec, _ error)            { s.ends++ }
func (s *fuzzedStream) OnTaken(told func(n int))                              { s.taken = told }
func (s *fuzzedStream) Receive(_ []byte, _ functions.Codec, _ error)          { s.taken(1) }

// streamID is the number of the streamed call: five others come before it.
const streamID = 6

// framesOfStreams are of streams and of bodies in shared memory, right and wrong ones.
func framesOfStreams() [][]wire.Frame {
	item := wire.Frame{Type: wire.Item, ID: streamID, Body: []byte("1")}
	large := wire.Frame{Type: wire.Item, ID: streamID, Body: make([]byte, 600<<10)}
	failed := wire.Frame{Type: wire.Item, ID: streamID, Arg: wire.KindError, Body: []byte(`{"message":"m"}`)}
	end := wire.Frame{Type: wire.Result, ID: streamID}
	body := wire.Frame{Type: wire.Result, ID: 1, Body: make([]byte, 100)}
	bulkItem := wire.Frame{Type: wire.Item, ID: streamID, Body: make([]byte, 100)}
	call := wire.Frame{
		Type: wire.Call, ID: 7, Flags: wire.FlagExt | wire.FlagStream,
		Body: wire.AppendCall(nil, wire.Ext{Parent: 1}, "fuzzed stream"),
	}
	taken := wire.Frame{Type: wire.Taken, ID: 7, Arg: 1}
	return [][]wire.Frame{
		{item, item, end},
		{large, large, large, end},
		{failed, end},
		{end, item},
		{{Type: wire.Item, ID: 1, Body: []byte("1")}},
		{{Type: wire.Item, ID: streamID, Arg: 9}},
		{body.Bulk(wire.ResultsAt)},
		{body.Bulk(wire.SharedEnd - 99)},
		{body.Bulk(wire.InputsAt)},
		{bulkItem.Bulk(wire.ResultsAt), end},
		{call, taken},
		{taken},
		{call, {Type: wire.Taken, ID: 7, Arg: 65_535}},
		{{Type: wire.Free, ID: wire.ResultsAt}},
	}
}

func joinFrames(frames []wire.Frame) (data []byte) {
	for _, f := range frames {
		data = wire.Append(data, f)
	}
	return data
}

// Whatever a worker sends: no panic, bounded memory, and each accepted call ends once.
func FuzzFramesFromAWorker(f *testing.F) {
	for _, frames := range framesOfStreams() {
		f.Add(joinFrames(frames))
	}
	shared, err := os.Create(filepath.Join(f.TempDir(), "shared"))
	require.NoError(f, err)
	defer func() { _ = shared.Close() }()
	require.NoError(f, shared.Truncate(wire.SharedEnd))
	one := []byte("1")
	frames := []wire.Frame{
		{Type: wire.Result, ID: 1, Body: one},
		{Type: wire.Result, ID: 1, Arg: 0x30, Body: one},
		{
			Type: wire.Result, ID: 1, Arg: wire.KindError,
			Body: []byte(`{"message":"m","is":["context.Canceled"],"cause":true}`),
		},
		{Type: wire.Returned, ID: 1},
		{Type: wire.Returned, ID: 1, Arg: wire.ReturnedAsked},
		{Type: wire.Suspended, ID: 1},
		{Type: wire.Want, ID: 1},
		{Type: wire.Resumed, ID: 1},
		{
			Type: wire.Call, ID: 7, Flags: wire.FlagExt,
			Body: append(wire.AppendCall(nil, wire.Ext{Parent: 1, Label: "l", Left: 1}, "fuzzed"), '1'),
		},
		{Type: wire.CancelCall, ID: 7, Body: []byte(`{"message":"m"}`)},
		{Type: wire.Shutdown},
	}
	for i := range frames {
		f.Add(wire.Append(nil, frames[i]))
		f.Add(wire.Append(wire.Append(nil, frames[i]), frames[(i+1)%len(frames)]))
	}
	f.Add(wire.Append(wire.Append(nil, frames[8]), wire.Frame{Type: wire.Result, ID: 1, Body: one}))
	initDone.Store(true)
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := New(Config{
			Command: []string{"no worker"}, Workers: 1, Concurrency: 3, MaxFrame: 1 << 20,
			OnPanic: func(error) {},
		})
		require.NoError(t, err)
		p.in.Lock()
		w := p.newWorker(0)
		p.ending = true // no other one comes
		p.in.Commit()
		hello, err := json.Marshal(wire.Greeting{
			Magic: wire.Magic, Version: wire.Version, Codec: p.codec,
			Concurrency: 3, Bulk: true,
		})
		require.NoError(t, err)
		w.greeting, w.page = wire.Greeting{Version: wire.Version, Codec: p.codec, Bulk: true}, shared
		w.reader.Limit = wire.MaxHello
		feed := func(data []byte) error {
			for len(data) > 0 {
				n := copy(w.reader.Room(), data)
				w.reader.Fed(n)
				data = data[n:]
				if err := p.receive(w); err != nil {
					return err
				}
			}
			return nil
		}
		require.NoError(t, feed(wire.Append(nil, wire.Frame{Type: wire.Hello, Body: hello})))
		var fs []*quartet.Future[int]
		for i := range 5 {
			fs = append(fs, fuzzed.Go(context.Background(), p, i))
		}
		stream := &fuzzedStream{}
		require.NoError(t, p.SubmitCall(context.Background(), stream))
		_ = feed(data)
		p.bury(w, burial{code: 1})
		require.NoError(t, p.Close())
		for _, f := range fs {
			_, err := f.Result()
			require.NotErrorIs(t, err, quartet.ErrPending)
		}
		require.Equal(t, 1, stream.ends)
		s := p.Stats()
		require.Equal(t, s.Submitted, s.Done+s.Failed+s.Abandoned)
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		require.Less(t, memory.HeapAlloc, uint64(300<<20))
	})
}
