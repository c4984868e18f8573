package procpool

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/quartet-go/quartet/procpool/internal/bulk"
	"github.com/quartet-go/quartet/procpool/internal/wire"

	"github.com/stretchr/testify/require"
)

// Many goroutines push frames of all sizes; each arrives once, whole, and those of one goroutine in
// their order.
func TestSenderKeepsOrder(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	s := &sender{wake: make(chan struct{}, 1)}
	var threads, pushers sync.WaitGroup
	threads.Go(func() { s.loop(w) })
	s.open(w, wire.Frame{Type: wire.Hello})
	const each, lanes = 300, 4
	for lane := range lanes {
		pushers.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(lane)))
			for i := range each {
				size := rng.IntN(100)
				switch rng.IntN(20) {
				case 0:
					size = largeBody + rng.IntN(100)
				case 1:
					size = wire.Fragment + rng.IntN(3*wire.Fragment)
				}
				f := wire.Frame{
					Type: wire.Task, Arg: uint16(lane), ID: uint64(lane*each + i),
					Body: bytes.Repeat([]byte{byte(i)}, size),
				}
				s.push(f)
				if rng.IntN(3) == 0 {
					s.direct()
				}
				if rng.IntN(3) == 0 {
					s.pushUrgent(wire.Frame{Type: wire.Cancel, ID: f.ID})
				}
			}
		})
	}
	go func() {
		pushers.Wait()
		s.close()
	}()
	reader := wire.Reader{Limit: 1 << 20}
	var next [lanes]int
	seen := map[uint64]bool{}
	for first := true; ; {
		f, ok, err := reader.Next()
		require.NoError(t, err)
		if !ok {
			n, err := r.Read(reader.Room())
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
			reader.Fed(n)
			continue
		}
		if first {
			require.Equal(t, wire.Hello, f.Type)
			first = false
			continue
		}
		if f.Type == wire.Cancel {
			require.True(t, seen[f.ID], "a CANCEL comes after its task")
			continue
		}
		seen[f.ID] = true
		require.Equal(t, next[f.Arg], int(f.ID)-int(f.Arg)*each)
		require.Equal(t, len(f.Body), bytes.Count(f.Body, []byte{byte(next[f.Arg])}))
		next[f.Arg]++
	}
	threads.Wait()
	require.Equal(t, [lanes]int{each, each, each, each}, next)
	require.Zero(t, reader.Held())
	require.NoError(t, r.Close())
}

// An urgent frame passes a body that is on its way.
func TestUrgentFramesPassLargeBodies(t *testing.T) {
	s := &sender{wake: make(chan struct{}, 1), state: idle}
	s.push(wire.Frame{Type: wire.Task, ID: 1, Body: make([]byte, 4*wire.Fragment)})
	var stream []byte
	for range 2 {
		l, ok := s.dequeue(nil)
		require.True(t, ok)
		stream = append(append(stream, l.buf...), l.body...)
		s.wrote(nil)
	}
	s.pushUrgent(wire.Frame{Type: wire.Cancel, ID: 9})
	s.pushUrgent(wire.Frame{Type: wire.Cancel, ID: 1})
	for {
		l, ok := s.dequeue(nil)
		if !ok {
			break
		}
		stream = append(append(stream, l.buf...), l.body...)
		s.wrote(nil)
	}
	frames := framesOf(t, stream)
	require.Equal(t, uint64(9), frames[0].ID)
	require.Equal(t, wire.Task, frames[1].Type)
	require.Len(t, frames[1].Body, 4*wire.Fragment)
	require.Equal(t, uint64(1), frames[2].ID)
}

// writes does a round of loop, with what happens while a body is put into shared memory.
func (s *sender) writes(stream []byte, meanwhile func()) (more []byte, ok bool) {
	l, ok := s.dequeue(nil)
	if !ok {
		return stream, false
	}
	meanwhile()
	s.store(&l)
	stream = append(append(stream, l.buf...), l.body...)
	s.wrote(nil)
	return stream, true
}

// A body that finds no room in shared memory goes in pieces, between which others pass; but no
// frame of its own task passes it.
func TestABodyWithoutRoomGoesInPieces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shared")
	require.NoError(t, os.WriteFile(path, make([]byte, wire.PageSize), 0o600))
	file, err := os.Open(path) // what is written there is refused
	require.NoError(t, err)
	s := &sender{wake: make(chan struct{}, 1), state: idle}
	s.share(bulk.NewOutbox(bulk.Share(file), wire.InputsAt))
	s.push(wire.Frame{Type: wire.Task, ID: 1, Body: make([]byte, 4*wire.Fragment)})
	s.push(wire.Frame{Type: wire.Task, ID: 2, Body: make([]byte, wire.BulkLeast)})
	var stream []byte
	for i, ok := 0, true; ok; i++ {
		stream, ok = s.writes(stream, func() {
			switch i {
			case 0:
				s.pushUrgent(wire.Frame{Type: wire.Cancel, ID: 1})
			case 2:
				s.pushUrgent(wire.Frame{Type: wire.Cancel, ID: 9})
			}
		})
	}
	var ids []uint64
	for _, f := range framesOf(t, stream) {
		ids = append(ids, f.ID)
	}
	require.Equal(t, []uint64{9, 1, 2, 1}, ids)
	require.NoError(t, file.Close())
}

// An input that its caller may have back is not read any more once its frame has left the queue,
// and the frame is in the queue until then.
func TestAnInputIsReadFromTheQueueAlone(t *testing.T) {
	for _, size := range []int{largeBody, wire.Fragment + 1, 3 * wire.Fragment} {
		s := &sender{wake: make(chan struct{}, 1), state: idle}
		input := bytes.Repeat([]byte{1}, size)
		s.push(wire.Frame{Type: wire.Task, ID: 1, Body: input})
		var stream []byte
		for s.holds(1) {
			l, ok := s.dequeue(nil)
			require.True(t, ok)
			if !s.holds(1) {
				clear(input)
			}
			stream = append(append(stream, l.buf...), l.body...)
			s.wrote(nil)
		}
		frames := framesOf(t, stream)
		require.Len(t, frames, 1)
		require.Equal(t, size, bytes.Count(frames[0].Body, []byte{1}))
	}
}

func framesOf(t *testing.T, stream []byte) (frames []wire.Frame) {
	t.Helper()
	r := wire.Reader{Limit: 1 << 20}
	for len(stream) > 0 {
		n := copy(r.Room(), stream)
		r.Fed(n)
		stream = stream[n:]
		for f, ok, err := r.Next(); ok || err != nil; f, ok, err = r.Next() {
			require.NoError(t, err)
			f.Body = bytes.Clone(f.Body)
			frames = append(frames, f)
		}
	}
	return frames
}
