package wire

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func encode(f Frame) []byte { return append(AppendHeader(nil, f), f.Body...) }

// feed gives data to r in pieces of up to most bytes and collects the frames.
func feed(t *testing.T, r *Reader, data []byte, most int) (frames []Frame, err error) {
	rng := rand.New(rand.NewPCG(1, 2))
	for len(data) > 0 {
		n := copy(r.Room(), data[:min(len(data), 1+rng.IntN(most))])
		r.Fed(n)
		data = data[n:]
		for {
			f, ok, err := r.Next()
			if err != nil {
				return frames, err
			}
			if !ok {
				break
			}
			f.Body = bytes.Clone(f.Body)
			frames = append(frames, f)
		}
	}
	return frames, nil
}

func TestFramesInPieces(t *testing.T) {
	var want []Frame
	var data []byte
	for i := range 300 {
		f := Frame{
			Type: Type(1 + i%int(frameTypes-1)), Arg: uint16(i), ID: uint64(i) << 40,
			Body: bytes.Repeat([]byte{byte(i)}, i*i%90_000),
		}
		want = append(want, f)
		data = append(data, encode(f)...)
		data = append(data, encode(Frame{Type: 77, Flags: FlagOptional, Body: []byte("of a later version")})...)
	}
	for _, most := range []int{3, 1000, 1 << 20} {
		if most == 3 && testing.Short() {
			continue
		}
		r := &Reader{Limit: 100_000}
		got, err := feed(t, r, data, most)
		require.NoError(t, err)
		require.Equal(t, len(want), len(got))
		for i := range want {
			require.Equal(t, want[i].ID, got[i].ID)
			require.True(t, bytes.Equal(want[i].Body, got[i].Body))
		}
		require.Zero(t, r.Held())
		require.Equal(t, uint64(len(data)), r.Total)
	}
}

func TestBadFrames(t *testing.T) {
	for says, data := range map[string][]byte{
		"unknown type 77":    encode(Frame{Type: 77}),
		"unknown type 0":     encode(Frame{Type: 0}),
		"unknown flags 0x40": encode(Frame{Type: Task, Flags: 0x40}),
		"beyond the limit":   encode(Frame{Type: Task, Body: make([]byte, 1001)}),
	} {
		_, err := feed(t, &Reader{Limit: 1000}, data, 1<<20)
		require.ErrorContains(t, err, says)
	}
	r := &Reader{Limit: 1 << 30}
	_, err := feed(t, r, append(binary.LittleEndian.AppendUint32(nil, 1<<30), byte(Task)), 100)
	require.NoError(t, err)
	require.LessOrEqual(t, len(r.buf), 2*minRead, "a promised length takes no memory")
}

func TestExt(t *testing.T) {
	for _, x := range []Ext{{}, {Left: time.Second}, {Label: "a"}, {Under: 7, Parent: 9, Left: time.Hour, Label: "b"}} {
		got, rest, err := ParseExt(append(AppendExt(nil, x), "rest"...))
		require.NoError(t, err)
		require.Equal(t, x, got)
		require.Equal(t, "rest", string(rest))
	}
	later := binary.LittleEndian.AppendUint16(nil, 5)
	_, rest, err := ParseExt(append(later, 200, 2, 0, 'x', 'y', 'z'))
	require.NoError(t, err)
	require.Equal(t, "z", string(rest))
}

func FuzzFrameReader(f *testing.F) {
	f.Add(encode(Frame{Type: Task, Flags: FlagExt, Body: AppendExt(nil, Ext{Label: "x", Under: 3})}))
	f.Add(encode(Frame{Type: Hello, Body: []byte(`{"magic":"quartet-procpool"}`)}))
	f.Add(encode(Frame{Type: 99, Flags: FlagOptional, Body: []byte("later")}))
	f.Fuzz(func(t *testing.T, data []byte) {
		whole := &Reader{Limit: 1 << 16}
		all, errAll := feed(t, whole, data, 1<<20)
		pieces, errPieces := feed(t, &Reader{Limit: 1 << 16}, data, 7)
		require.Equal(t, errAll, errPieces)
		require.Equal(t, all, pieces)
		var again []byte
		for _, f := range all {
			again = append(again, encode(f)...)
			if x, rest, err := ParseExt(f.Body); err == nil {
				y, restAgain, err := ParseExt(append(AppendExt(nil, x), rest...))
				require.NoError(t, err)
				require.Equal(t, rest, restAgain)
				if len(x.Label) <= MaxLabel {
					require.Equal(t, x, y)
				}
			}
			_, _, _, _ = ParseCall(f)
			_, _ = ParseGreeting(f)
			_ = DecodeError(f.Body, nil)
		}
		require.LessOrEqual(t, len(again), len(data))
	})
}

func TestBadPieces(t *testing.T) {
	begin := encode(Frame{Type: Task, ID: 1, Body: make([]byte, 500)}.Begin(100))
	for says, data := range map[string][]byte{
		"within another one": append(bytes.Clone(begin),
			encode(Frame{Type: Task, ID: 2, Body: make([]byte, 500)}.Begin(100))...),
		"longer than the 500 bytes": append(bytes.Clone(begin),
			encode(Frame{Type: Task, ID: 1, Body: make([]byte, 401)})...),
		"has 101 bytes, not the 500": append(bytes.Clone(begin),
			encode(Frame{Type: Task, ID: 1, Body: make([]byte, 1)})...),
		"beyond the limit": encode(Frame{Type: Task, ID: 1, Body: make([]byte, 1001)}.Begin(100)),
		"without its size": encode(Frame{Type: Task, Flags: FlagMore}),
	} {
		_, err := feed(t, &Reader{Limit: 1000}, data, 1<<20)
		require.ErrorContains(t, err, says)
	}
	r := &Reader{Limit: 1 << 30}
	_, err := feed(t, r, encode(Frame{Type: Task, Flags: FlagMore, Body: binary.LittleEndian.AppendUint64(nil, 1<<30)}),
		100)
	require.NoError(t, err)
	require.LessOrEqual(t, cap(r.part.Body), promised, "a promised size takes little memory")
}
