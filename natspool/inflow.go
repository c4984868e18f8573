package natspool

import (
	"fmt"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/farerror"
	"github.com/quartet-go/quartet/internal/functions"
)

// inflow is the pool's side of a stream: its items on their way to the loop that reads them. It is
// guarded by the pool's lock.
//
// Items travel in numbered frames. The pool takes the next frame only. It tells the node how many
// frames have arrived and how many items have been read, again at each beat. The node repeats the
// frames that have not arrived. So the loop gets each item once, in order, whatever gets lost.
type inflow struct {
	reader functions.Reader
	// Also the number of the next frame that is taken.
	frames uint64 // how many have arrived
	piece  []byte // the beginning of the next item
	// A total, and no difference: a word that is lost or comes twice does no harm.
	taken uint64 // items that the loop has read
	items []item // for the reader
	end   *ending
	busy  bool // a goroutine hands them over
}

// item is an encoded item, or an encoded error in its place. deliver decodes it without the lock.
type item struct {
	body []byte
	raw  bool
	err  bool
}

// streams prepares r, which has not been submitted, where its caller takes the result item by item.
// The loop that reads tells by OnTaken how many items it has read, from its own goroutine; the node
// hears of it at once, and again at each beat.
func (p *Pool) streams(r *record) error {
	reader, ok := quartet.As[functions.Reader](r.call)
	if !ok {
		return nil
	}
	if p.cfg.Detached {
		return fmt.Errorf("natspool: %q is a stream, and of a Detached pool nobody may be there to read it", r.call.Name())
	}
	r.flow = &inflow{reader: reader}
	reader.OnTaken(func(n int) {
		p.in.Lock()
		r.flow.taken += uint64(n)
		said := p.sayTakenLocked(r)
		p.in.Commit()
		if said {
			p.out.flush()
		}
	})
	return nil
}

// sayTakenLocked has the holder of a stream told how many frames have arrived, and how many items
// have been read.
func (p *Pool) sayTakenLocked(r *record) bool {
	if r == nil || r.flow == nil || r.state != held {
		return false
	}
	p.out.push(p.names.node(r.holder.beat.id), frame{kind: frameTaken, id: r.id, n: r.flow.taken, m: r.flow.frames})
	return true
}

// itemLocked takes the next item, or a piece of it. It returns the stream, or nil where n does not
// hold it: then n is told by its list of calls. A piece that would make the item too large is not
// counted as arrived, so the node repeats it until the call ends: it cannot come from a node of
// this version.
func (p *Pool) itemLocked(n *member, f frame, out *todo) *record {
	r := p.records[f.id]
	if r == nil || r.flow == nil || r.state != held || r.holder != n {
		return nil
	}
	s := r.flow
	if f.n != s.frames || len(s.piece)+len(f.body) > mostItem { // it has come before, or one before it has not
		return r
	}
	s.frames++
	r.idempotent = false // somebody has seen a part of the result
	body := f.body
	if len(s.piece) > 0 || f.flags&flagMore != 0 {
		s.piece = append(s.piece, body...)
		body = s.piece
	}
	if f.flags&flagMore != 0 {
		return r
	}
	s.piece = nil
	s.items = append(s.items, item{body, f.flags&flagRaw != 0, f.flags&flagError != 0})
	out.wakeLocked(r)
	return r
}

// wakeLocked has the items of a stream handed over, and its end, unless a goroutine is about to do
// so.
func (t *todo) wakeLocked(r *record) {
	if !r.flow.busy {
		r.flow.busy = true
		t.streams = append(t.streams, r)
	}
}

// deliver hands items over, in order, and then ends the call. One goroutine at a time does this.
//
// It is not a goroutine of its own: whoever has received the items runs it, as an effect. While it
// runs, others that receive items of this call only add them (busy).
func (p *Pool) deliver(r *record) {
	s := r.flow
	for {
		p.in.Lock()
		items, end := s.items, s.end
		s.items = nil
		// busy falls in the section that has found nothing: an item that comes later starts a new
		// goroutine.
		s.busy = len(items) > 0 || end != nil // after the end no more can come
		p.in.Commit()
		for _, it := range items {
			var err error
			if it.err {
				err, it.body = farerror.Decode(it.body, nil), nil
			}
			p.in.Guard(func() { s.reader.Receive(it.body, &codec{raw: it.raw}, err) })
		}
		if end != nil {
			p.finish([]ending{*end})
		}
		if end != nil || len(items) == 0 {
			return
		}
	}
}
