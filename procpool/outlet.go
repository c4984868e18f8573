package procpool

import (
	"os"
	"sync"
	"time"
)

// outlet is the worker's way out: frames are gathered in the page and written together.
type outlet struct {
	mu    sync.Mutex
	file  *os.File
	page  page
	n     int        // bytes in the page's buffer
	since time.Time  // when the oldest of them was put there
	bulk  sync.Mutex // one body at a time travels in pieces
}

// put adds a frame. A frame that finds no place is written at once, a long one in pieces, between which others pass.
func (o *outlet) put(f frame) {
	if len(f.body) <= fragment {
		o.place(f)
		return
	}
	o.bulk.Lock()
	defer o.bulk.Unlock()
	o.place(f.begin(firstPiece))
	f.body = f.body[firstPiece:]
	piece := f
	piece.flags |= flagMore
	for len(f.body) > fragment {
		piece.body, f.body = f.body[:fragment], f.body[fragment:]
		o.place(piece)
	}
	o.place(f)
}

func (o *outlet) place(f frame) {
	o.mu.Lock()
	defer o.mu.Unlock()
	buffer := o.page.mem[pageBuffer:]
	size := headerSize + len(f.body)
	if o.n+size > len(buffer) {
		o.write()
	}
	if size > len(buffer) {
		o.writeThrough(f)
		return
	}
	if o.n == 0 {
		o.since = time.Now()
	}
	body := appendHeader(buffer[o.n:o.n], f)
	copy(buffer[o.n+len(body):], f.body)
	o.n += size
	o.page.word(pageLength).Store(uint64(o.n))
}

// waiting reports since when the oldest frame has been waiting to be written.
func (o *outlet) waiting() (since time.Time, any bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.since, o.n > 0
}

func (o *outlet) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.write()
}

// write is locked. The words are changed in an order in which a worker that dies in between repeats nothing.
func (o *outlet) write() {
	if o.n == 0 {
		return
	}
	o.must(o.file.Write(o.page.mem[pageBuffer : pageBuffer+o.n]))
	o.page.word(pageLength).Store(0)
	o.page.word(pageBase).Add(uint64(o.n))
	o.n = 0
}

func (o *outlet) writeThrough(f frame) {
	o.must(o.file.Write(appendHeader(nil, f)))
	o.must(o.file.Write(f.body))
	o.page.word(pageBase).Add(uint64(headerSize + len(f.body)))
}

// must ends the worker: there is nobody left to work for.
func (o *outlet) must(_ int, err error) {
	if err != nil {
		orphaned()
	}
}
