package child

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/functions"
	"github.com/quartet-go/quartet/internal/task"
	"github.com/quartet-go/quartet/procpool/internal/bulk"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// reading is a call of a task's own that takes its result item by item.
type reading struct{ items, ends int }

var _ functions.Reader = (*reading)(nil)

func (*reading) Name() string                                            { return "f" }
func (*reading) AppendInput(dst []byte, _ quartet.Codec) ([]byte, error) { return dst, nil }
func (*reading) Run(context.Context)                                     {}
func (r *reading) Abandon(error)                                         { r.ends++ }
func (r *reading) Resolve([]byte, quartet.Codec, error)                  { r.ends++ }
func (r *reading) Receive([]byte, functions.Codec, error)                { r.items++ }
func (*reading) OnTaken(func(int))                                       {}

const (
	streamID = 9 // of a task that has started, and has sent 3 items
	callID   = 5 // of a call of its own
)

// newServer returns a server that writes to out, and that nobody drives.
func newServer(out *os.File) *server {
	s := &server{
		out: outlet{pipe: out, page: wire.PlainPage()}, codec: "json", limit: 1 << 20, names: []string{"f"},
		width: 1, tokens: 1, calls: map[uint64]*outcall{}, reader: &wire.Reader{Limit: 1 << 20},
		callUp: make(chan struct{}, 1), watched: make(chan struct{}, 1), beats: make(chan struct{}, 1),
	}
	s.home.Open(s, nil, nil)
	s.away.Open(s, s, nil)
	return s
}

// Whatever a pool sends: no panic, and each task is delivered once, or the frame is refused.
func FuzzFramesToAWorker(f *testing.F) {
	shared, err := os.Create(filepath.Join(f.TempDir(), "shared"))
	require.NoError(f, err)
	defer func() { _ = shared.Close() }()
	require.NoError(f, shared.Truncate(wire.SharedEnd))
	input := wire.Frame{Type: wire.Task, ID: 1, Body: make([]byte, 100)}
	for _, frame := range []wire.Frame{
		input.Bulk(wire.InputsAt), input.Bulk(wire.InputsAt - 1), input.Bulk(wire.ResultsAt),
		{Type: wire.Task, ID: 1, Flags: wire.FlagBulk, Body: []byte("short")},
		{Type: wire.Task, ID: 1, Flags: wire.FlagStream},
		{Type: wire.Free, ID: wire.ResultsAt},
		{Type: wire.Free, ID: wire.ResultsAt + 1},
		{Type: wire.Taken, ID: streamID, Arg: 3},
		{Type: wire.Taken, ID: streamID, Arg: 4},
		{Type: wire.Taken, ID: 1, Arg: 1},
		{Type: wire.Item, ID: callID, Body: []byte("1")},
		{Type: wire.Item, ID: callID, Arg: wire.KindError, Body: []byte(`{"message":"m"}`)},
		{Type: wire.Reply, ID: callID, Body: []byte("1")},
		{Type: wire.Bind, Arg: 1, Body: []byte("g")},
		{Type: wire.Task, Arg: 0, ID: 1, Body: []byte("1")},
		{
			Type: wire.Task, Arg: 0, ID: 1, Flags: wire.FlagExt,
			Body: wire.AppendExt(nil, wire.Ext{Label: "l", Left: 1, Under: 2}),
		},
		{Type: wire.Task, Arg: 9, ID: 1},
		{Type: wire.Cancel, ID: 1, Body: []byte(`{"message":"m"}`)},
		{Type: wire.Reply, ID: 1, Arg: wire.KindError, Body: []byte(`{"message":"m"}`)},
		{Type: wire.Revoke, Arg: 3},
		{Type: wire.Hello},
	} {
		f.Add(wire.Append(nil, frame))
		f.Add(wire.Append(wire.Append(nil, wire.Frame{Type: wire.Task, ID: 1}), frame))
	}
	large := make([]byte, wire.BulkLeast)
	f.Fuzz(func(t *testing.T, data []byte) {
		out, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
		require.NoError(t, err)
		defer func() { require.NoError(t, out.Close()) }()
		s := newServer(out)
		s.inputs = bulk.Share(shared)
		s.out.results = bulk.NewOutbox(s.inputs, wire.ResultsAt)
		s.out.put(wire.Frame{Type: wire.Result, ID: 8, Body: large})
		streams := &job{server: s, id: streamID}
		for range 3 {
			streams.items.Add(100)
		}
		streams.node.Init(&streams.ctx, t.Context(), streams)
		streams.node.Settle(&s.home)
		streams.node.Claim()
		s.started = []*job{streams}
		own := &reading{}
		o := &outcall{id: callID, node: task.Of(t.Context(), own), call: own, reader: own}
		o.node.Settle(&s.away)
		o.node.Data = o
		o.node.Claim()
		s.calls[callID] = o
		tasks := 0
		for len(data) > 0 {
			n := copy(s.reader.Room(), data)
			s.reader.Fed(n)
			data = data[n:]
			for {
				frame, ok, err := s.reader.Next()
				if err != nil {
					return
				}
				if !ok {
					break
				}
				if frame.Type == wire.Bye {
					continue // it would end this process
				}
				if s.handle(frame) != nil {
					return
				}
				if frame.Type == wire.Task {
					tasks++
				}
			}
		}
		require.LessOrEqual(t, len(s.local), tasks)
		require.LessOrEqual(t, own.ends, 1)
	})
}
