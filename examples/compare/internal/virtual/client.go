package virtual

import (
	"time"

	"github.com/quartet-go/quartet/gil"
)

// settled is when the scenario begins: all threads have started by then, and wait.
const settled = time.Second

// arrive sends the scenario's requests to the front mailbox when they are due, from a thread without a lock.
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

// clock is what wakes a loop: a thread without a lock, which waits for what has been put there, the first first, for all
// waits are equal.
func (w *world) clock() *mailbox {
	box := w.newMailbox()
	box.servers++
	var r *request
	w.outside("clock", func(now time.Duration) gil.Op {
		if r == nil {
			if w.over() {
				return gil.Op{}
			}
			r = &request{} // asks for the next one
			return gil.Op{Do: gil.DoGet, Queue: box.number}
		}
		if r.id == 0 {
			if r = box.take(); r == nil {
				return gil.Op{}
			}
		}
		if wait := r.until - now; wait > 0 {
			return gil.Op{Do: gil.DoSleep, For: wait}
		}
		ready := r
		r, ready.done = nil, true
		return w.front.put(ready)
	})
	return box
}

func (w *world) outside(label string, step gil.Step) {
	w.threads = append(w.threads, gil.StepThread{Label: label, Interpreter: -1, Step: step})
}
