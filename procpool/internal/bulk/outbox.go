package bulk

import (
	"sync"

	"github.com/quartet-go/quartet/procpool/internal/proc"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// Outbox is one area as its writer has it. The methods may be called from any goroutine; those of a
// nil Outbox do nothing.
//
// The pool has one for each worker, at InputsAt: the goroutine that writes to the worker puts
// bodies there, and whoever handles RESULT or RETURNED frees them. A worker has one, at ResultsAt:
// its tasks put results there, and the goroutine that reads frees them when FREE has come.
type Outbox struct {
	shared *Shared
	// mu guards area. A body is written without it, so that large bodies are copied at the same
	// time.
	mu   sync.Mutex
	area area
}

// NewOutbox returns the outbox whose area begins at begin.
func NewOutbox(shared *Shared, begin int64) *Outbox {
	return &Outbox{shared: shared, area: area{begin: begin, end: begin + wire.BulkArea, high: begin}}
}

// Carries reports whether a body of that size is worth a try. It takes no lock, so a sender may ask
// it under a lock of its own. A true answer promises no room.
func (o *Outbox) Carries(size int) bool {
	return o != nil && size >= wire.BulkLeast && size <= wire.BulkArea
}

// Put writes a body and returns its place. It reports false where there is no room, and from then
// on for good where the system refuses to write: its memory or the process's limits are used up.
//
// The caller must send the frame that names the place after Put has returned, and not before: the
// other side reads the body as soon as it has the frame. The place stays in use until Free. A
// writer that dies between the two costs nothing: its area goes with the file.
func (o *Outbox) Put(body []byte) (at int64, ok bool) {
	o.mu.Lock()
	at, ok = o.area.reserve(len(body))
	o.mu.Unlock()
	if !ok {
		return 0, false
	}
	if err := o.shared.write(body, at); err != nil {
		o.mu.Lock()
		// With end 0 reserve never finds room again.
		o.area = area{} // the bodies that are there are read, and their places are never used again
		o.mu.Unlock()
		return 0, false
	}
	return at, true
}

// Free ends the use of a place. It reports false where no body lies there. The one that frees the
// last body may also give the area's memory back, by a system call that is made without the lock.
func (o *Outbox) Free(at int64) bool {
	if o == nil {
		return false
	}
	o.mu.Lock()
	ok := o.area.free(at) || o.area.end == 0
	idle := o.area.trim()
	o.mu.Unlock()
	if idle.Size > 0 {
		proc.TrimShared(o.shared.file, idle.At, idle.Size)
		o.mu.Lock()
		o.area.free(idle.At)
		o.mu.Unlock()
	}
	return ok
}
