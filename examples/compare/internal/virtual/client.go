package virtual

import (
	"time"

	"github.com/quartet-go/quartet/gil"
)

// settled is when the scenario begins: all threads have started by then, and wait.
const settled = time.Second

// arrive sends the scenario's requests to the front mailbox when they are due, from a thread
// without a lock.
func (w *world) arrive() {
	all := w.requests()
	w.outside("client", func(now time.Duration) gil.Op {
		if len(all) == 0 {
			return gil.Op{}
		}
		r := all[0]
		if wait := r.due - now; wait > 0 {
			return gil.Op{Do: gil.DoSleep, For: wait}
		}
		all = all[1:]
		w.arrives(r)
		return w.front.put(r)
	})
}

// clock is what wakes a loop: a thread without a lock, which waits for its entries in their order,
// for all waits are equal. A request whose wait is over goes to the loop's mailbox.
func (w *world) clock(loop *mailbox) *mailbox {
	box := w.newMailbox()
	var r *request
	asked := false
	w.outside("clock", func(now time.Duration) gil.Op {
		switch {
		case r == nil && !asked:
			asked = true
			return box.get()
		case r == nil:
			r, asked = box.take(), false
		}
		if wait := r.until - now; wait > 0 {
			return gil.Op{Do: gil.DoSleep, For: wait}
		}
		ready := r
		r, ready.done = nil, true
		return loop.put(ready)
	})
	return box
}

func (w *world) outside(label string, step gil.Step) {
	w.threads = append(w.threads, gil.StepThread{Label: label, Interpreter: -1, Step: step})
	w.servers = append(w.servers, nil)
}
