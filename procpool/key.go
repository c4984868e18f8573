package procpool

import (
	"hash/maphash"

	"github.com/quartet-go/quartet/internal/intake"
)

// key is one order of calls. Its hash says to which worker they go. Pool.Key makes one for each
// view; equal keys have equal hashes, so they are one order with one home.
type key struct {
	intake.Key
	hash uint64
}

// Order implements intake.Keyed. The intake holds a call back by it until the one before it has
// ended.
func (c *call) Order() *intake.Key {
	if c.key == nil {
		return nil
	}
	return &c.key.Key
}

// Key returns a view whose calls run in strict order, one at a time: the next one goes to a worker
// when the one before it has ended, also where that was tried again in another worker. Other keys
// are not held up. Two views of the same key are one order. So calls of one key are not sent ahead:
// each takes a whole way there and back.
//
// They are sticky: each key has a worker of its own choice, by its hash, and its calls go there
// whenever that worker has room, so that what the function keeps in memory for the key is mostly
// found again. They do not wait for it while another worker is free; and one that was lost is
// replaced by an empty one. It panics when key is nil or cannot be compared.
func (p *Pool) Key(key any) *View {
	p.made()
	intake.CheckKey("procpool", key)
	return &View{pool: p, key: p.keyOf(key)}
}

func (p *Pool) keyOf(of any) *key {
	return &key{intake.Key{Keys: p.keys, Of: of}, maphash.Comparable(p.seed, of)}
}

// homeOfLocked returns the worker that c goes to: other where c has no key, or its key's worker no
// room. p.workers never becomes shorter than Workers. Resize moves most keys to another worker.
func (p *Pool) homeOfLocked(c *call, other *worker) *worker {
	if c.key == nil {
		return other
	}
	if w := p.workers[c.key.hash%uint64(p.cfg.Workers)]; w != nil && w.availableLocked() {
		return w
	}
	return other
}
