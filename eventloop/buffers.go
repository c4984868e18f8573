package eventloop

import "sync"

// buffer is what has been read at once, and not yet taken: bytes[from:to].
type buffer struct {
	bytes    []byte
	from, to int
}

// bufferPool holds the buffers that a loop's connections read into.
type bufferPool struct {
	size int
	pool sync.Pool
}

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
