package virtual

import (
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/model"
	"github.com/quartet-go/quartet/gil"
)

// cluster has requests come to loops, one of which is handed each, as model.cluster does.
func (w *world) cluster(loops int) {
	front := w.newMailbox()
	p := &primary{in: front}
	for i := range loops {
		box := w.newMailbox()
		s := &server{
			in: box, lane: lane{"eventloop", i}, clock: w.clock(box),
			accepted: func() gil.Op { return p.in.put(&request{free: box}) },
		}
		w.start(s, 0)
		p.free = append(p.free, box)
	}
	w.outside("primary", p.step)
	w.serve(front)
}

// primary is the process that listens: it hands connections on, and hears from the loops which of
// them is free.
type primary struct {
	in     *mailbox
	free   []*mailbox // of loops, the one that has been free for longest first
	queue  []*request
	waited bool // the machine has said that there is something in the mailbox
	paid   bool // for handing on the next one
}

func (p *primary) step(time.Duration) gil.Op {
	if p.waited {
		p.waited = false
		if r := p.in.take(); r.free != nil {
			p.free = append(p.free, r.free)
		} else {
			p.queue = append(p.queue, r)
		}
	}
	if len(p.queue) > 0 && len(p.free) > 0 {
		if p.paid = !p.paid; p.paid {
			return compute(model.HandOver)
		}
		r, box := p.queue[0], p.free[0]
		p.queue, p.free = p.queue[1:], p.free[1:]
		r.handed = true
		return box.put(r)
	}
	p.waited = true
	return p.in.get()
}
