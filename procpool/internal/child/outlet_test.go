package child

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/quartet-go/quartet/procpool/internal/wire"

	"github.com/stretchr/testify/require"
)

// Whatever a worker had put, and wherever in its writing it died, the pool gets each frame once.
func TestLedgerCompletesTheStream(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		path := filepath.Join(t.TempDir(), "pipe")
		pipe, err := os.Create(path)
		require.NoError(t, err)
		o := &outlet{pipe: pipe, page: wire.PlainPage()}
		var want []byte
		for i := range rng.IntN(40) {
			f := wire.Frame{Type: wire.Result, ID: uint64(i), Body: bytes.Repeat([]byte{byte(i)}, rng.IntN(9000))}
			if rng.IntN(10) == 0 {
				f.Body = make([]byte, wire.PageSize+rng.IntN(9000))
			}
			o.put(f)
			want = append(want, wire.Append(nil, f)...)
			if rng.IntN(5) == 0 {
				o.flush()
			}
		}
		ledgerFile := filepath.Join(t.TempDir(), "ledger")
		require.NoError(t, os.WriteFile(ledgerFile, o.page.Mem, 0o600))
		written, err := os.ReadFile(path)
		require.NoError(t, err)
		// A part of what is still in the buffer may have been written as well.
		extra := rng.IntN(o.n + 1)
		written = append(written, o.page.Mem[wire.PageBuffer:wire.PageBuffer+extra]...)
		lf, err := os.Open(ledgerFile)
		require.NoError(t, err)
		l, ok := wire.ReadLedger(lf, uint64(len(written)))
		require.True(t, ok)
		require.True(t, bytes.Equal(want, append(written, l.Unsent...)))
		require.NoError(t, lf.Close())
		require.NoError(t, pipe.Close())
	}
}
