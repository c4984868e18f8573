package procpool

import (
	"context"
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

// framesOfCalls are of calls with one result.
func framesOfCalls() []wire.Frame {
	one := []byte("1")
	return []wire.Frame{
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
	shared := newShared(f)
	frames := framesOfCalls()
	for i := range frames {
		f.Add(wire.Append(nil, frames[i]))
		f.Add(wire.Append(wire.Append(nil, frames[i]), frames[(i+1)%len(frames)]))
	}
	f.Add(wire.Append(wire.Append(nil, frames[8]), frames[0]))
	f.Fuzz(func(t *testing.T, data []byte) {
		victim := newFuzzedPool(t, shared, 3)
		_ = victim.feed(data)
		victim.dies(t, nil)
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		require.Less(t, memory.HeapAlloc, uint64(300<<20))
	})
}
