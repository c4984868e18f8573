package procpool

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
)

func encode(f frame) []byte { return append(appendHeader(nil, f), f.body...) }

// feed gives data to r in pieces of up to most bytes and collects the frames.
func feed(t *testing.T, r *frameReader, data []byte, most int) (frames []frame, err error) {
	rng := rand.New(rand.NewPCG(1, 2))
	for len(data) > 0 {
		n := copy(r.room(), data[:min(len(data), 1+rng.IntN(most))])
		r.fed(n)
		data = data[n:]
		for {
			f, ok, err := r.next()
			if err != nil {
				return frames, err
			}
			if !ok {
				break
			}
			f.body = bytes.Clone(f.body)
			frames = append(frames, f)
		}
	}
	return frames, nil
}

func TestFramesInPieces(t *testing.T) {
	var want []frame
	var data []byte
	for i := range 300 {
		f := frame{typ: frameType(1 + i%int(frameTypes-1)), arg: uint16(i), id: uint64(i) << 40, body: bytes.Repeat([]byte{byte(i)}, i*i%90_000)}
		want = append(want, f)
		data = append(data, encode(f)...)
		data = append(data, encode(frame{typ: 77, flags: flagOptional, body: []byte("of a later version")})...)
	}
	for _, most := range []int{3, 1000, 1 << 20} {
		if most == 3 && testing.Short() {
			continue
		}
		r := &frameReader{limit: 100_000}
		got, err := feed(t, r, data, most)
		require.NoError(t, err)
		require.Equal(t, len(want), len(got))
		for i := range want {
			require.Equal(t, want[i].id, got[i].id)
			require.True(t, bytes.Equal(want[i].body, got[i].body))
		}
		require.Zero(t, r.rest())
		require.Equal(t, uint64(len(data)), r.total)
	}
}

func TestBadFrames(t *testing.T) {
	for says, data := range map[string][]byte{
		"unknown type 77":    encode(frame{typ: 77}),
		"unknown type 0":     encode(frame{typ: 0}),
		"unknown flags 0x40": encode(frame{typ: frameTask, flags: 0x40}),
		"beyond the limit":   encode(frame{typ: frameTask, body: make([]byte, 1001)}),
	} {
		_, err := feed(t, &frameReader{limit: 1000}, data, 1<<20)
		require.ErrorContains(t, err, says)
	}
	r := &frameReader{limit: 1 << 30}
	_, err := feed(t, r, appendLength(frame{typ: frameTask}, 1<<30), 100)
	require.NoError(t, err)
	require.LessOrEqual(t, len(r.buf), 2*minRead, "a promised length takes no memory")
}

func TestExt(t *testing.T) {
	for _, x := range []ext{{}, {left: time.Second}, {label: "a"}, {under: 7, parent: 9, left: time.Hour, label: "b"}} {
		got, rest, err := parseExt(append(appendExt(nil, x), "rest"...))
		require.NoError(t, err)
		require.Equal(t, x, got)
		require.Equal(t, "rest", string(rest))
	}
	later := binary.LittleEndian.AppendUint16(nil, 5)
	_, rest, err := parseExt(append(later, 200, 2, 0, 'x', 'y', 'z'))
	require.NoError(t, err)
	require.Equal(t, "z", string(rest))
}

func FuzzFrameReader(f *testing.F) {
	f.Add(encode(frame{typ: frameTask, flags: flagExt, body: appendExt(nil, ext{label: "x", under: 3})}))
	f.Add(encode(frame{typ: frameHello, body: []byte(`{"magic":"quartet-procpool"}`)}))
	f.Add(encode(frame{typ: 99, flags: flagOptional, body: []byte("later")}))
	f.Fuzz(func(t *testing.T, data []byte) {
		whole := &frameReader{limit: 1 << 16}
		all, errAll := feed(t, whole, data, 1<<20)
		pieces, errPieces := feed(t, &frameReader{limit: 1 << 16}, data, 7)
		require.Equal(t, errAll, errPieces)
		require.Equal(t, all, pieces)
		var again []byte
		for _, f := range all {
			again = append(again, encode(f)...)
			if x, rest, err := parseExt(f.body); err == nil {
				y, restAgain, err := parseExt(append(appendExt(nil, x), rest...))
				require.NoError(t, err)
				require.Equal(t, rest, restAgain)
				if len(x.label) <= maxLabel {
					require.Equal(t, x, y)
				}
			}
			_, _, _, _ = parseCall(f)
			_, _ = parseGreeting(f)
			_ = decodeError(f.body, nil)
		}
		require.LessOrEqual(t, len(again), len(data))
	})
}

// Whatever a worker had put, and wherever in its writing it died, the pool gets each frame once.
func TestLedgerCompletesTheStream(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		path := filepath.Join(t.TempDir(), "pipe")
		pipe, err := os.Create(path)
		require.NoError(t, err)
		o := &outlet{file: pipe, page: plainPage()}
		var want []byte
		for i := range rng.IntN(40) {
			f := frame{typ: frameResult, id: uint64(i), body: bytes.Repeat([]byte{byte(i)}, rng.IntN(9000))}
			if rng.IntN(10) == 0 {
				f.body = make([]byte, pageSize+rng.IntN(9000))
			}
			o.put(f)
			want = append(want, encode(f)...)
			if rng.IntN(5) == 0 {
				o.flush()
			}
		}
		ledgerFile := filepath.Join(t.TempDir(), "ledger")
		require.NoError(t, os.WriteFile(ledgerFile, o.page.mem, 0o600))
		written, err := os.ReadFile(path)
		require.NoError(t, err)
		// A part of what is still in the buffer may have been written as well.
		extra := rng.IntN(o.n + 1)
		written = append(written, o.page.mem[pageBuffer:pageBuffer+extra]...)
		lf, err := os.Open(ledgerFile)
		require.NoError(t, err)
		l, ok := readLedger(lf, uint64(len(written)))
		require.True(t, ok)
		require.True(t, bytes.Equal(want, append(written, l.unsent...)))
		require.NoError(t, lf.Close())
		require.NoError(t, pipe.Close())
	}
}

func TestHelloIsChecked(t *testing.T) {
	pool := greeting{Magic: magic, Version: version, Nonce: "n", Codec: codecJSON, Fingerprint: "abc"}
	require.NoError(t, pool.check(pool, true))
	other := pool
	other.Fingerprint = "abd"
	require.ErrorIs(t, other.check(pool, true), ErrMismatch)
	require.NoError(t, other.check(pool, false), "another program")
	other = pool
	other.Version = 2
	require.ErrorIs(t, other.check(pool, false), ErrMismatch)
	_, err := parseMarker("2:n:1:3:4:6")
	require.ErrorIs(t, err, ErrMismatch)
	m, err := parseMarker(marker{"n", 1, 3, 4, 6}.String())
	require.NoError(t, err)
	require.Equal(t, marker{"n", 1, 3, 4, 6}, m)
}

func TestASelfStartedTestBinaryRunsNoTests(t *testing.T) {
	cmd, err := (&worker{pool: &Pool{}}).command()
	require.NoError(t, err)
	require.Contains(t, cmd.Args, "-test.run=^$")
}

func TestErrorsAreClipped(t *testing.T) {
	huge := strings.Repeat("\x00", 10<<20)
	err := error(&quartet.PanicError{Value: errors.New(huge), Stack: []byte(huge)})
	require.Less(t, len(encodeError(fmt.Errorf("%s %w", huge, err), nil)), minMaxFrame)
}
