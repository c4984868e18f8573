package procpool

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Many goroutines push frames of all sizes; each arrives once, whole, and those of one goroutine in their order.
func TestSenderKeepsOrder(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	s := &sender{wake: make(chan struct{}, 1)}
	var threads, pushers sync.WaitGroup
	threads.Go(func() { s.loop(w) })
	s.mu.Lock()
	s.file = w
	s.mu.Unlock()
	s.first(frame{typ: frameHello})
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
					size = fragment + rng.IntN(3*fragment)
				}
				f := frame{typ: frameTask, arg: uint16(lane), id: uint64(lane*each + i), body: bytes.Repeat([]byte{byte(i)}, size)}
				s.push(f)
				if rng.IntN(3) == 0 {
					s.direct()
				}
				if rng.IntN(3) == 0 {
					s.pushUrgent(frame{typ: frameCancel, id: f.id})
				}
			}
		})
	}
	go func() {
		pushers.Wait()
		s.close()
	}()
	reader := frameReader{limit: 1 << 20}
	var next [lanes]int
	seen := map[uint64]bool{}
	for first := true; ; {
		f, ok, err := reader.next()
		require.NoError(t, err)
		if !ok {
			n, err := r.Read(reader.room())
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
			reader.fed(n)
			continue
		}
		if first {
			require.Equal(t, frameHello, f.typ)
			first = false
			continue
		}
		if f.typ == frameCancel {
			require.True(t, seen[f.id], "a CANCEL comes after its task")
			continue
		}
		seen[f.id] = true
		require.Equal(t, next[f.arg], int(f.id)-int(f.arg)*each)
		require.Equal(t, len(f.body), bytes.Count(f.body, []byte{byte(next[f.arg])}))
		next[f.arg]++
	}
	threads.Wait()
	require.Equal(t, [lanes]int{each, each, each, each}, next)
	require.Zero(t, reader.rest())
	require.NoError(t, r.Close())
}

// An urgent frame passes a body that is on its way.
func TestUrgentFramesPassLargeBodies(t *testing.T) {
	s := &sender{wake: make(chan struct{}, 1)}
	s.push(frame{typ: frameTask, id: 1, body: make([]byte, 4*fragment)})
	var stream []byte
	for range 2 {
		buf, body, ok := s.take(nil)
		require.True(t, ok)
		stream = append(append(stream, buf...), body...)
		s.wrote(nil)
	}
	s.pushUrgent(frame{typ: frameCancel, id: 9})
	s.pushUrgent(frame{typ: frameCancel, id: 1})
	for {
		buf, body, ok := s.take(nil)
		if !ok {
			break
		}
		stream = append(append(stream, buf...), body...)
		s.wrote(nil)
	}
	frames, err := feed(t, &frameReader{limit: 1 << 20}, stream, 1<<20)
	require.NoError(t, err)
	require.Equal(t, uint64(9), frames[0].id)
	require.Equal(t, frameTask, frames[1].typ)
	require.Len(t, frames[1].body, 4*fragment)
	require.Equal(t, uint64(1), frames[2].id)
}

func TestBadPieces(t *testing.T) {
	begin := encode(frame{typ: frameTask, id: 1, body: make([]byte, 500)}.begin(100))
	for says, data := range map[string][]byte{
		"within another one": append(bytes.Clone(begin), encode(frame{typ: frameTask, id: 2, body: make([]byte, 500)}.begin(100))...),
		"beyond the limit":   append(bytes.Clone(begin), encode(frame{typ: frameTask, id: 1, body: make([]byte, 950)})...),
		"without its size":   encode(frame{typ: frameTask, flags: flagMore}),
	} {
		_, err := feed(t, &frameReader{limit: 1000}, data, 1<<20)
		require.ErrorContains(t, err, says)
	}
	huge := frame{typ: frameTask, flags: flagMore, body: bytes.Repeat([]byte{0xff}, 8)}
	r := &frameReader{limit: 1 << 30}
	_, err := feed(t, r, encode(huge), 100)
	require.NoError(t, err)
	require.LessOrEqual(t, cap(r.part.body), promised, "a promised size takes little memory")
}
