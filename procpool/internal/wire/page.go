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
	// The offsets are a part of the protocol. Words are aligned to 8 bytes, so they are atomic in
	// every process that maps the file. Each has one writer, the worker. The pool reads them with
	// read system calls and never writes: a worker cannot be misled by its pool's view, and the
	// pool never touches a mapping that the worker could cut short.
	PageSize    = 64 << 10
	PageRunning = 0
	PageBase    = 8
	PageLength  = 16
	PageBeat    = 24
	PageBuffer  = 64
)

// Page is the worker's view of the ledger; without one it is plain memory, which dies with the
// worker. Mem is PageSize bytes long.
type Page struct{ Mem []byte }

// Word returns one of the words above. at is a multiple of 8, and Mem is aligned: it is a mapping,
// or PlainPage's memory.
func (p Page) Word(at int) *atomic.Uint64 { return (*atomic.Uint64)(unsafe.Pointer(&p.Mem[at])) }

// PlainPage is a page that nobody shares. It is made of words for their alignment. The worker's
// outlet then needs no second way of writing frames for systems without shared memory.
func PlainPage() Page {
	words := make([]uint64, PageSize/8)
	return Page{unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), PageSize)}
}

// Ledger is what the pool reads when a worker is gone.
//
// Running is the task that started or resumed last, also when it has ended since: the worker does
// not set it back to 0. The pool compares it with the calls that it still waits for, so an old
// number does no harm. Unsent are whole frames but for the first, of which the pipe may have
// carried a part.
type ledger struct {
	Running uint64
	Unsent  []byte // of the frames that followed the received bytes
}

// ReadLedger reads the file of a dead worker from which received bytes have arrived through the
// pipe.
//
// The worker may have died between any two of its steps, and it may be an enemy. The worker clears
// the length before it raises the base (outlet.writeLocked), so the pool finds either the buffer
// with its own base, or none. ok is false where the words contradict the count of received bytes:
// then the pool does not know which calls had started, and fails all calls of that worker.
//
// The pool has read the pipe to its end by now, or for proc's drainTime where another process holds
// it open. Were bytes missing after that, received would be below base, and ok false.
func ReadLedger(f *os.File, received uint64) (l ledger, ok bool) {
	mem := make([]byte, PageSize)
	if n, err := f.ReadAt(mem, 0); n != PageSize || err != nil && err != io.EOF {
		return ledger{}, false
	}
	word := func(at int) uint64 { return binary.NativeEndian.Uint64(mem[at:]) }
	l.Running = word(PageRunning)
	base, length := word(PageBase), word(PageLength)
	// A base beyond received is a count of bytes that never came: the ledger lies, or the pipe has
	// lost data. A length beyond the page yields no frames, but the running task is still known.
	if length > PageSize-PageBuffer || received < base {
		return l, received >= base
	}
	// The worker died while it wrote the buffer, or between the write and clearing the length: the
	// first skip bytes of the buffer have come through the pipe.
	if skip := received - base; skip < length {
		l.Unsent = mem[PageBuffer+skip : PageBuffer+length]
	}
	return l, true
}
