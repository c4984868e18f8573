package bulk

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/procpool/internal/proc"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// each calls test with a file of every kind.
func each(t *testing.T, test func(t *testing.T, s *Shared)) {
	t.Run("plain", func(t *testing.T) {
		f, err := os.Create(filepath.Join(t.TempDir(), "shared"))
		require.NoError(t, err)
		defer func() { require.NoError(t, f.Close()) }()
		test(t, Share(f))
	})
	t.Run("sealed", func(t *testing.T) {
		ps, err := proc.NewPipes(wire.PageSize, wire.SharedEnd)
		require.NoError(t, err)
		defer ps.Close()
		if ps.Page == nil || !proc.Sealed(ps.Page) {
			t.Skip("the system seals no files")
		}
		s := Share(ps.Page)
		defer s.Close()
		require.Equal(t, wide, s.mem != nil)
		require.Error(t, ps.Page.Truncate(wire.PageSize), "nobody can cut it short")
		test(t, s)
	})
}

// Bodies never overlap, whatever comes and goes, and an empty area begins anew.
func TestAreaAgainstAMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	o := NewOutbox(nil, wire.ResultsAt)
	a := &o.area
	used := map[int64]int64{}
	for range 20_000 {
		if size := 1 + rng.IntN(6<<20); rng.IntN(2) == 0 {
			at, ok := a.reserve(size)
			if !ok {
				continue
			}
			require.GreaterOrEqual(t, at, int64(wire.ResultsAt))
			require.LessOrEqual(t, at+int64(size), int64(wire.ResultsAt+wire.BulkArea))
			for begin, n := range used {
				require.False(t, at < begin+n && begin < at+int64(size), "%d bytes at %d overlap %d at %d", size, at, n,
					begin)
			}
			used[at] = int64(size)
			continue
		}
		for at := range used {
			require.True(t, a.free(at))
			require.False(t, a.free(at), "a place is freed once")
			delete(used, at)
			break
		}
	}
	for at := range used {
		require.True(t, a.free(at))
	}
	at, ok := a.reserve(wire.BulkArea)
	require.True(t, ok)
	require.Equal(t, int64(wire.ResultsAt), at)
	_, ok = a.reserve(1)
	require.False(t, ok, "the area is full")
}

func TestOutboxCarriesBodies(t *testing.T) { each(t, carriesBodies) }

func carriesBodies(t *testing.T, s *Shared) {
	o := NewOutbox(s, wire.InputsAt)
	require.False(t, o.Carries(wire.BulkLeast-1))
	require.False(t, o.Carries(wire.BulkArea+1))
	require.False(t, (*Outbox)(nil).Carries(wire.BulkLeast))
	body := bytes.Repeat([]byte("0123456789"), 10_000)
	first, ok := o.Put(body)
	require.True(t, ok)
	second, ok := o.Put(body[1:])
	require.True(t, ok)
	for at, want := range map[int64][]byte{first: body, second: body[1:]} {
		got, err := s.Read(wire.Place{At: at, Size: int64(len(want))})
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got))
	}
	require.True(t, o.Free(first))
	require.False(t, o.Free(first))
	require.False(t, o.Free(first+1))
}

// An idle area gives large bodies' memory back, and a body that comes meanwhile does not lie there.
func TestIdleAreaIsTrimmed(t *testing.T) { each(t, idleAreaIsTrimmed) }

func idleAreaIsTrimmed(t *testing.T, s *Shared) {
	o := NewOutbox(s, wire.InputsAt)
	a := &o.area
	at, _ := a.reserve(keptIdle + 1)
	require.Zero(t, a.trim().Size, "it is in use")
	require.True(t, a.free(at))
	idle := a.trim()
	require.Equal(t, int64(wire.InputsAt), idle.At)
	require.GreaterOrEqual(t, idle.Size, int64(keptIdle+1))
	next, ok := a.reserve(1)
	require.True(t, ok)
	require.GreaterOrEqual(t, next, idle.At+idle.Size)
	require.True(t, a.free(idle.At))
	require.True(t, a.free(next))

	body := bytes.Repeat([]byte("x"), keptIdle+1)
	at, ok = o.Put(body)
	require.True(t, ok)
	require.True(t, o.Free(at))
	at, ok = o.Put(body[:wire.BulkLeast])
	require.True(t, ok)
	got, err := s.Read(wire.Place{At: at, Size: wire.BulkLeast})
	require.NoError(t, err)
	require.True(t, bytes.Equal(body[:wire.BulkLeast], got))
}

// A file that cannot be written, or was cut, costs no more than an error.
func TestSharedFileThatFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "readonly")
	require.NoError(t, os.WriteFile(path, make([]byte, wire.PageSize), 0o600))
	f, err := os.Open(path)
	require.NoError(t, err)
	s := Share(f)
	o := NewOutbox(s, wire.InputsAt)
	body := make([]byte, wire.BulkLeast)
	_, ok := o.Put(body)
	require.False(t, ok)
	require.Zero(t, o.area.end, "it is not tried again")
	_, err = s.Read(wire.Place{At: wire.InputsAt, Size: 10})
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, f.Close())
}
