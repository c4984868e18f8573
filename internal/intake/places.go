package intake

import (
	"fmt"
	"reflect"

	"github.com/quartet-go/quartet/internal/task"
)

// Keys are the turnstiles of the keys that have unfinished nodes.
type Keys map[any]*task.Turnstile

// Key is one of Keys, in whose order nodes run. Next is the turnstile behind it, if any.
type Key struct {
	Keys Keys
	Of   any
	Next *task.Turnstile
}

// Keyed is the Data of a node that may have a Key; nil: it has none.
type Keyed interface{ Order() *Key }

// Order implements Keyed.
func (k *Key) Order() *Key { return k }

// CheckKey panics when key cannot be one, naming the package.
func CheckKey(pkg string, key any) {
	if key == nil || !reflect.ValueOf(key).Comparable() {
		panic(fmt.Sprintf("%s: Key of a %T: it cannot be compared", pkg, key))
	}
}

// setStile is locked: it puts an accepted node before the turnstile of its key.
func setStile(n *task.Node) {
	if d, ok := n.Data.(Keyed); ok {
		if k := d.Order(); k != nil {
			n.Stile = k.stile()
		}
	}
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

// limit returns the turnstile of n where a node that waits gives its place away; nil: none. It is the last one.
func limit(n *task.Node) *task.Turnstile {
	for s := n.Stile; s != nil; s = s.Next {
		if s.Lends {
			return s
		}
	}
	return nil
}

// lendPlace is locked: n waits.
func (in *Intake) lendPlace(n *task.Node) {
	if s := limit(n); s != nil {
		in.release(s)
	}
}

// HasPlace is locked: whether a node that has waited may go on, as far as its limit is concerned.
func HasPlace(n *task.Node) bool {
	s := limit(n)
	return s == nil || s.Room()
}

// ComeBack is locked: n, which waited, wants its place back (1), or has got or given up what it wanted (-1).
func ComeBack(n *task.Node, by int) {
	if s := limit(n); s != nil {
		s.Back += by
	}
}

// takePlace is locked: n goes on. Places that had come free while it wanted its own back, and that nobody was given
// therefore, go to those who wait.
func (in *Intake) takePlace(n *task.Node) {
	s := limit(n)
	if s == nil {
		return
	}
	s.Enter()
	for next := s.Pass(); next != nil; next = s.Pass() {
		in.enqueue(next)
	}
}

// release is locked.
func (in *Intake) release(s *task.Turnstile) {
	if n := s.Release(); n != nil {
		in.enqueue(n)
	}
}
