package wire

import (
	"encoding/binary"
	"io"
	"os"
	"sync/atomic"
	"unsafe"
)

// The crash ledger is one file that worker and pool share, so that it outlives the worker. It says
// which task runs, and it holds the frames that the worker has not written to its pipe yet: so a
// finished task's result is never lost with the one that runs after it, though results are written
// in batches.
//
//	0   u64  the running task, as an atomic word
//	8   u64  how many bytes the worker had written to its pipe before the buffer's first
//	16  u64  how many bytes the buffer holds
//	24  u64  counted up while there are tasks
//	64       the buffer
const (
	PageSize    = 64 << 10
	PageRunning = 0
	PageBase    = 8
	PageLength  = 16
	PageBeat    = 24
	PageBuffer  = 64
)

// Page is the worker's view of the ledger; without one it is plain memory, which dies with the
// worker.
type Page struct{ Mem []byte }

func (p Page) Word(at int) *atomic.Uint64 { return (*atomic.Uint64)(unsafe.Pointer(&p.Mem[at])) }

// PlainPage is a page that nobody shares.
func PlainPage() Page {
	words := make([]uint64, PageSize/8)
	return Page{unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), PageSize)}
}

// Ledger is what the pool reads when a worker is gone.
type ledger struct {
	Running uint64
	Unsent  []byte // of the frames that followed the received bytes
}

// ReadLedger reads the file of a dead worker from which received bytes have arrived through the
// pipe.
func ReadLedger(f *os.File, received uint64) (l ledger, ok bool) {
	mem := make([]byte, PageSize)
	if n, err := f.ReadAt(mem, 0); n != PageSize || err != nil && err != io.EOF {
		return ledger{}, false
	}
	word := func(at int) uint64 { return binary.NativeEndian.Uint64(mem[at:]) }
	l.Running = word(PageRunning)
	base, length := word(PageBase), word(PageLength)
	if length > PageSize-PageBuffer || received < base {
		return l, received >= base
	}
	if skip := received - base; skip < length {
		l.Unsent = mem[PageBuffer+skip : PageBuffer+length]
	}
	return l, true
}
