package intake

import (
	"github.com/quartet-go/quartet/internal/task"
)

// Keys are the turnstiles of the keys that have unfinished nodes. The pool's lock guards it. A
// turnstile is in the map while anybody uses it, so a million keys that are idle cost nothing.
type Keys map[any]*task.Turnstile

// Key is one of Keys, in whose order nodes run. Next is the turnstile behind it, if any. It is part
// of a view, and read-only. The map key is Of, so two views of one key share a turnstile.
type Key struct {
	Keys Keys
	Of   any
	Next *task.Turnstile
}

// Keyed is the Data of a node that may have a Key; nil: it has none. A Rule without a key is Keyed
// too; its Order is nil.
type Keyed interface{ Order() *Key }

// Order implements Keyed.
func (k *Key) Order() *Key { return k }

// Rule is the Data of a node that came through a view: its key, if any, and how long a backlog it
// may join at its key and at its limit. Below 0: any.
//
// It is made with the view and shared by all nodes that come through it, so it must not be changed.
type Rule struct {
	Key                *Key
	KeyMost, LimitMost int
}

// Unbounded is a bound that bounds nothing.
const Unbounded = -1

// Order implements Keyed.
func (r *Rule) Order() *Key { return r.Key }

// most is how many nodes may wait at s for one more to join them. A bound is the view's and not the
// turnstile's: two views of one key may have different ones.
func (in *Intake) most(n *task.Node, s *task.Turnstile) int {
	switch r, ruled := n.Data.(*Rule); {
	case in.cfg.NoQueue:
		return 0
	case !ruled:
		return Unbounded
	case s.Key != nil:
		return r.KeyMost
	default:
		return r.LimitMost
	}
}

// fullLocked returns the turnstile whose backlog n may not join; nil: none. waiting: those who wait
// for that already come first. A turnstile that is open needs no bound: n does not join its
// backlog. It looks at turnstiles from the first shut one on: those before it n passes at once.
func (in *Intake) fullLocked(n *task.Node, waiting bool) *task.Turnstile {
	for s := n.Shut(); s != nil; s = s.Next {
		most := in.most(n, s)
		if most != Unbounded && (s.Backlog() >= most || waiting && s.Visitors > 0) {
			return s
		}
	}
	return nil
}

// loosenLocked: a backlog has become shorter, so that the first of those who wait for that goes on
// to the door. One visitor for each call: each place that comes free calls it once. At the door the
// visitor is asked again, and may be sent back.
func (in *Intake) loosenLocked(s *task.Turnstile) {
	for ; s != nil; s = s.Next {
		if v := in.door.firstAt(s); v != nil {
			in.door.remove(v)
			in.door.push(v, nil)
			in.roomy = true
		}
	}
}

// takePlaceLocked puts a node that is about to be accepted before the turnstile of its key. It runs
// again after each wait: in between, forgetKeyLocked may have dropped the turnstile that n stood
// before, and another node made a new one.
func (in *Intake) takePlaceLocked(n *task.Node) {
	if d, ok := n.Data.(Keyed); ok {
		if k := d.Order(); k != nil {
			n.Stile = k.stileLocked()
		}
	}
}

// stileLocked returns the key's turnstile, made on first use.
func (k *Key) stileLocked() *task.Turnstile {
	s := k.Keys[k.Of]
	if s == nil {
		s = task.NewTurnstile(1)
		s.Key, s.Next = k, k.Next
		k.Keys[k.Of] = s
	}
	return s
}

// SameKeyLocked reports whether n holds the key that queued waits for.
func (in *Intake) SameKeyLocked(n, queued *task.Node) bool {
	return queued.Owner() == task.Owner(in) && queued.State() == task.Held && queued.Stile.Key != nil &&
		queued.Stile == n.Stile
}

// givePlacesLocked: n is over, so that others may pass its turnstiles. n itself holds no place any
// more when its key is looked at, so the last one of a key drops its turnstile. It may be called
// for a node that has passed none.
func (in *Intake) givePlacesLocked(n *task.Node) {
	for s := range n.Passed {
		in.releaseLocked(s)
	}
	forgetKeyLocked(n.Stile)
}

// lendPlaceLocked: n waits.
func (in *Intake) lendPlaceLocked(n *task.Node) {
	if s := n.Limit(); s != nil {
		s.Lend(n)
		in.releaseLocked(s)
	}
}

// RegainLocked gives n, which has waited, its place again if there is one. It takes a place only,
// and no slot; the executor asks for both in one section.
func (in *Intake) RegainLocked(n *task.Node) bool {
	s := n.Limit()
	return s == nil || s.Regain(n)
}

// WantLocked is RegainLocked for a node that is to have the next place; Config.Regained tells of
// that. ReturnLocked ends it.
func (in *Intake) WantLocked(n *task.Node) bool {
	s := n.Limit()
	return s == nil || s.Want(n)
}

// ReturnLocked ends a WantLocked. got: n has its place. Places that had come free while it wanted
// its own, and that nobody was given therefore, go to those who wait.
func (in *Intake) ReturnLocked(n *task.Node, got bool) {
	if s := n.Limit(); s != nil {
		s.Return(n, got)
		in.passLocked(s)
	}
}

// releaseLocked gives a place back, for the next. Who wants a lent place back comes before those
// who have not started: a started task may hold what they wait for. Leave counts the place as free;
// Give and Pass take it again for somebody.
func (in *Intake) releaseLocked(s *task.Turnstile) {
	s.Leave()
	if n := s.Give(); n != nil {
		in.cfg.Regained(n)
		in.fresh = true // a slot may be free already
		return
	}
	in.passLocked(s)
}

// passLocked brings those on for whom there is a place. A loop, since several places may have come
// free. A node that passes stands before its next turnstile, or among the ready ones.
func (in *Intake) passLocked(s *task.Turnstile) {
	for n := s.Pass(); n != nil; n = s.Pass() {
		in.enqueueLocked(n)
		in.loosenLocked(s)
	}
	in.loosenLocked(s)
}

// forgetKeyLocked drops the turnstile of a key that nobody uses any more. A limit's turnstile has
// no Key of this type, and stays with its view.
func forgetKeyLocked(s *task.Turnstile) {
	if s == nil || !s.Idle() {
		return
	}
	if k, ok := s.Key.(*Key); ok {
		delete(k.Keys, k.Of)
	}
}
