package procpool

import (
	"encoding/binary"
	"io"
	"os"
	"sync/atomic"
	"unsafe"
)

// The crash ledger is one file that worker and pool share, so that it outlives the worker. It says which task runs, and
// it holds the frames that the worker has not written to its pipe yet: so a finished task's result is never lost with
// the one that runs after it, though results are written in batches.
//
//	0   u64  the running task, as an atomic word
//	8   u64  how many bytes the worker had written to its pipe before the buffer's first
//	16  u64  how many bytes the buffer holds
//	24  u64  counted up while there are tasks
//	64       the buffer
const (
	pageSize    = 64 << 10
	pageRunning = 0
	pageBase    = 8
	pageLength  = 16
	pageBeat    = 24
	pageBuffer  = 64
)

// page is the worker's view of the ledger; without one it is plain memory, which dies with the worker.
type page struct{ mem []byte }

func (p page) word(at int) *atomic.Uint64 { return (*atomic.Uint64)(unsafe.Pointer(&p.mem[at])) }

// plainPage is a page that nobody shares.
func plainPage() page {
	words := make([]uint64, pageSize/8)
	return page{unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), pageSize)}
}

// ledger is what the pool reads when a worker is gone.
type ledger struct {
	running uint64
	unsent  []byte // of the frames that followed the received bytes
}

// readLedger reads the file of a dead worker from which received bytes have arrived through the pipe.
func readLedger(f *os.File, received uint64) (l ledger, ok bool) {
	mem := make([]byte, pageSize)
	if n, err := f.ReadAt(mem, 0); n != pageSize || err != nil && err != io.EOF {
		return ledger{}, false
	}
	word := func(at int) uint64 { return binary.NativeEndian.Uint64(mem[at:]) }
	l.running = word(pageRunning)
	base, length := word(pageBase), word(pageLength)
	if length > pageSize-pageBuffer || received < base {
		return l, received >= base
	}
	if skip := received - base; skip < length {
		l.unsent = mem[pageBuffer+skip : pageBuffer+length]
	}
	return l, true
}
