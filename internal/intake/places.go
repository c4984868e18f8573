package intake

import "github.com/quartet-go/quartet/internal/task"

// Keys are the turnstiles of the keys that have unfinished nodes.
type Keys map[any]*task.Turnstile

// Key is one of Keys, as the Data of the nodes that are to run in its order. Next is the turnstile behind it, if any.
type Key struct {
	Keys Keys
	Of   any
	Next *task.Turnstile
}

// stile is locked.
func (k *Key) stile() *task.Turnstile {
	s := k.Keys[k.Of]
	if s == nil {
		s = task.NewTurnstile(1)
		s.Key, s.Next = k, k.Next
		k.Keys[k.Of] = s
	}
	return s
}

// SameKey is locked: n holds the key that queued waits for.
func (in *Intake) SameKey(n, queued *task.Node) bool {
	return queued.Owner == task.Owner(in) && queued.In != nil && queued.Stile != nil && queued.Stile.Key != nil && queued.Stile == n.Stile
}

// givePlaces is locked: n has ended, so that others may pass its turnstiles.
func (in *Intake) givePlaces(n *task.Node) {
	last := n.Through
	n.Through = nil
	for s := n.Stile; s != nil && last != nil; s = s.Next {
		in.release(s)
		if k, ok := s.Key.(*Key); ok && s.Idle() {
			delete(k.Keys, k.Of)
		}
		if s == last {
			return
		}
	}
}

// lendPlaces is locked: n waits.
func (in *Intake) lendPlaces(n *task.Node) {
	for s := n.Stile; s != nil; s = s.Next {
		if s.Lends {
			in.release(s)
		}
	}
}

// HasPlaces is locked: whether a node that has waited may go on, as far as its turnstiles are concerned.
func HasPlaces(n *task.Node) bool {
	for s := n.Stile; s != nil; s = s.Next {
		if s.Lends && !s.Room() {
			return false
		}
	}
	return true
}

// ComeBack is locked: n, which waited, wants its places back (1), or has got or given up what it wanted (-1).
func ComeBack(n *task.Node, by int) {
	for s := n.Stile; s != nil; s = s.Next {
		if s.Lends {
			s.Back += by
		}
	}
}

// takePlaces is locked: n goes on.
func takePlaces(n *task.Node) {
	for s := n.Stile; s != nil; s = s.Next {
		if s.Lends {
			s.Enter()
		}
	}
}

// release is locked.
func (in *Intake) release(s *task.Turnstile) {
	if n := s.Release(); n != nil {
		in.enqueue(n)
	}
}
