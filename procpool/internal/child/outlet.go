package child

import (
	"os"
	"sync"
	"time"

	"github.com/quartet-go/quartet/procpool/internal/bulk"
	"github.com/quartet-go/quartet/procpool/internal/proc"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// outlet is the worker's way out: frames are gathered in the page and written together.
//
// Frames of all types take this one way, so they arrive in the order in which put was called, but
// for those that pass a long body between its pieces. A write that fails never returns: see must.
//
// Invariant, while mu is free: the page's length is n, its base is the number of bytes that were
// written to the pipe, and the buffer holds whole frames. The pool's ReadLedger relies on it at
// every moment, since the worker may be killed between any two instructions.
type outlet struct {
	// mu guards the fields below but pieces, and orders the writes to the pipe.
	mu      sync.Mutex
	pipe    *os.File
	page    wire.Page
	n       int          // bytes in the page's buffer
	since   time.Time    // when the oldest of them was put there
	results *bulk.Outbox // nil: results travel in frames
	pieces  sync.Mutex   // one body at a time travels in pieces
}

// put adds a frame. A long result goes through shared memory where there is room. Else a frame that
// finds no place is written at once, a long one in pieces, between which others pass.
//
// It copies the frame, or has written it when it returns: the caller may use the body again. It may
// block, while the pool does not read. The body is in shared memory before its frame is in the
// page.
func (o *outlet) put(f wire.Frame) {
	if (f.Type == wire.Result || f.Type == wire.Item) && o.results.Carries(len(f.Body)) {
		if at, ok := o.results.Put(f.Body); ok {
			f = f.Bulk(at)
		}
	}
	if len(f.Body) <= wire.Fragment {
		o.place(f)
		return
	}
	// The receiver joins one body at a time: PROTOCOL.md, MORE. mu is free between two pieces, and
	// a short frame may go there.
	o.pieces.Lock()
	defer o.pieces.Unlock()
	o.place(f.Begin(wire.FirstPiece))
	f.Body = f.Body[wire.FirstPiece:]
	piece := f
	piece.Flags |= wire.FlagMore
	for len(f.Body) > wire.Fragment {
		piece.Body, f.Body = f.Body[:wire.Fragment], f.Body[wire.Fragment:]
		o.place(piece)
	}
	o.place(f)
}

// place puts a frame into the page's buffer, or writes it where it is too long for that. From the
// moment at which the length is stored the frame is safe: if the worker dies now, the pool finds it
// in the ledger.
func (o *outlet) place(f wire.Frame) {
	o.mu.Lock()
	defer o.mu.Unlock()
	buffer := o.page.Mem[wire.PageBuffer:]
	size := wire.HeaderSize + len(f.Body)
	// The order of frames is kept: those in the buffer are written before this one.
	if o.n+size > len(buffer) {
		o.writeLocked()
	}
	if size > len(buffer) {
		o.writeThroughLocked(f)
		return
	}
	if o.n == 0 {
		o.since = time.Now()
	}
	body := wire.AppendHeader(buffer[o.n:o.n], f)
	copy(buffer[o.n+len(body):], f.Body)
	o.n += size
	// Last, and atomically: until then the pool sees the buffer without this frame, and never a
	// part of it.
	o.page.Word(wire.PageLength).Store(uint64(o.n))
}

// waiting reports since when the oldest frame has been waiting to be written.
func (o *outlet) waiting() (since time.Time, any bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.since, o.n > 0
}

// flush writes the frames in the buffer. The caller does so before it may block for long, and where
// the pool waits for the frame.
func (o *outlet) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.writeLocked()
}

// writeLocked writes the page's buffer. It changes the words in an order in which a worker that
// dies in between repeats nothing.
//
// After the write the pool has the bytes, and skips as many of the buffer as it has received beyond
// the base. With length 0 it looks for none. Were the base raised first, a worker that dies between
// the two steps would have the pool read the buffer a second time.
func (o *outlet) writeLocked() {
	if o.n == 0 {
		return
	}
	o.must(o.pipe.Write(o.page.Mem[wire.PageBuffer : wire.PageBuffer+o.n]))
	o.page.Word(wire.PageLength).Store(0)
	o.page.Word(wire.PageBase).Add(uint64(o.n))
	o.n = 0
}

// writeThroughLocked writes a frame for which the page's buffer is too small. The buffer is empty:
// its caller has written it. A worker that dies in the middle leaves a frame that the pool never
// completes, so a result in it is lost.
func (o *outlet) writeThroughLocked(f wire.Frame) {
	o.must(o.pipe.Write(wire.AppendHeader(nil, f)))
	o.must(o.pipe.Write(f.Body))
	o.page.Word(wire.PageBase).Add(uint64(wire.HeaderSize + len(f.Body)))
}

// must ends the worker: there is nobody left to work for. The pipe breaks only when the pool's
// process has ended, or has closed its end because this worker is to die.
func (o *outlet) must(_ int, err error) {
	if err != nil {
		proc.Orphaned()
	}
}
