package procpool

import (
	"encoding/binary"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// costOfPage bounds what the parent allocates for one page: the largest frame, the bodies in shared
// memory that a stream may have in flight, and some hundred times the page for what its frames say.
const costOfPage = 32 << 20

// A ledger page of any content, which a worker can write while it lives and leave behind, costs the
// parent bounded memory and the worker's own calls. piped has come through the pipe before; base is
// counted from its end.
func FuzzLedgerOfAWorker(f *testing.F) {
	shared := newShared(f)
	none := []byte(nil)
	for _, frame := range framesOfCalls() {
		data := wire.Append(nil, frame)
		f.Add(uint64(1), int64(0), uint64(len(data)), data, none)
		f.Add(uint64(2), int64(-3), uint64(len(data)), data, data)
	}
	for _, frames := range framesOfStreams() {
		data := joinFrames(frames)
		f.Add(uint64(streamID), int64(0), uint64(len(data)), data[:min(len(data), wire.PageSize)], none)
		f.Add(uint64(0), -int64(len(data)), uint64(len(data)), data[:min(len(data), wire.PageSize)], data)
	}
	f.Add(uint64(math.MaxUint64), int64(math.MinInt64), uint64(math.MaxUint64), none, none)
	f.Add(uint64(0), int64(1), uint64(1), none, none)
	f.Add(uint64(1), int64(0), uint64(wire.PageSize-wire.PageBuffer), none, none)
	f.Fuzz(func(t *testing.T, running uint64, base int64, length uint64, buffer, piped []byte) {
		victim := newFuzzedPool(t, shared, 1)
		w := victim.worker
		_ = victim.feed(piped)
		page := make([]byte, wire.PageSize)
		copy(page[wire.PageBuffer:], buffer)
		for at, word := range map[int]uint64{
			wire.PageRunning: running, wire.PageBase: w.reader.Total + uint64(base), wire.PageLength: length,
			wire.PageBeat: length,
		} {
			binary.NativeEndian.PutUint64(page[at:], word)
		}
		_, err := shared.WriteAt(page, 0)
		require.NoError(t, err)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		require.Len(t, victim.Workers(), 1)
		require.Equal(t, running, w.running())
		victim.in.Lock()
		victim.judgeLocked(w, w.see(false), time.Now())
		victim.in.Commit()
		victim.dies(t, shared)
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(costOfPage))
	})
}
