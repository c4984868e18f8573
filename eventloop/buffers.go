package eventloop

import "sync"

// buffer holds the data of one read. bytes[from:to] is the part that nobody has taken yet.
type buffer struct {
	bytes    []byte
	from, to int
}

// bufferPool holds the buffers that a loop's connections read into. A buffer belongs to one
// connection from get to put. An idle connection has none: a buffer would be most of its memory.
//
// A sync.Pool gives its buffers to the garbage collector when a loop has become quiet.
type bufferPool struct {
	size int
	pool sync.Pool
}

// get returns an empty buffer. Any goroutine may call it: readers are goroutines of their own.
func (p *bufferPool) get() *buffer {
	if b, ok := p.pool.Get().(*buffer); ok {
		return b
	}
	return &buffer{bytes: make([]byte, p.size)}
}

func (p *bufferPool) put(b *buffer) {
	b.from, b.to = 0, 0
	p.pool.Put(b)
}

// scratch is the buffer that data is read into for OnData, on the loop only: it holds one piece at
// a time. OnData's slice lies in it, so a callback that keeps data has to copy it.
func (l *Loop) scratch() []byte {
	if l.readInto == nil {
		l.readInto = make([]byte, l.cfg.Conn.ReadBuffer)
	}
	return l.readInto
}
