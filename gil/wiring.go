package gil

import "sync"

// wiring is which Locks the threads of one scheduler wait for, so that cycles can be seen. Whose a
// Lock is changes under the wiring of that thread's scheduler too: what cycle follows stands still
// meanwhile. Taken after a Lock's own mutex.
//
// Invariant: a thread is in waits from before it joins a Lock's line until its wait is over.
type wiring struct {
	// mu guards waits.
	mu    sync.Mutex
	waits map[*run]*Lock
}

// waitsFor notes that r begins to wait for l, unless that would never end; nil: it waits for none
// any more.
func (r *run) waitsFor(l *Lock) error {
	if r == nil {
		return nil
	}
	w := &r.scheduler().wiring
	w.mu.Lock()
	defer w.mu.Unlock()
	if l == nil {
		delete(w.waits, r)
		return nil
	}
	if err := w.cycleLocked(r, l); err != nil {
		return err
	}
	if w.waits == nil {
		w.waits = make(map[*run]*Lock)
	}
	w.waits[r] = l
	return nil
}

// cycleLocked follows who has what from l on, and comes back to me where there is a cycle.
// What the threads of another scheduler wait for it does not see. Each waits for one Lock and each
// Lock has one owner, so there is one path to follow. It is seen by the last to wait, who closes
// the cycle, before it begins to wait.
func (w *wiring) cycleLocked(me *run, l *Lock) error {
	err := &DeadlockError{}
	from := me
	for l != nil {
		owner := l.owner.Load()
		if owner == nil {
			return nil
		}
		err.Waits = append(err.Waits, from.name()+" waits for a Lock that "+owner.name()+" has")
		if owner == me {
			return err
		}
		from, l = owner, w.waits[owner]
		if len(err.Waits) > len(w.waits) { // around a cycle that I am not in
			return nil
		}
	}
	return nil
}

// ownLocked makes l r's; nil: no thread's. A cycle is looked for under the wiring's lock, and would
// otherwise see an owner change in the middle. A Lock that a goroutine outside of threads has, or
// gives up, is in no cycle, and costs no second lock.
func (l *Lock) ownLocked(r *run) {
	whose := r
	if r == nil {
		whose = l.owner.Load()
	}
	if whose == nil {
		return
	}
	w := &whose.scheduler().wiring
	w.mu.Lock()
	l.owner.Store(r)
	w.mu.Unlock()
}
