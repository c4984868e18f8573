package task

import "iter"

// List is a doubly linked list of nodes, through the links that at selects. A node is in at most
// one list for each of its links, so that taking it out costs no search. The owner's lock guards
// the list and the links. Two links in each node allow two lists at once: the one in which it
// waits, and the one of the living.
type List struct {
	at          func(*Node) *Links
	first, last *Node
	n           int
	visited     int // by All
}

// Queued returns an empty list through the queue links, Alive one through the live links.
func Queued() List { return List{at: func(n *Node) *Links { return &n.Queue }} }

// Alive returns an empty list through the live links.
func Alive() List { return List{at: func(n *Node) *Links { return &n.Live }} }

// Len returns the number of nodes.
func (l *List) Len() int { return l.n }

// Visited returns how many nodes All has yielded: what costs more the more is queued is seen by it.
// Tests read it: under the lock nothing may grow with the number of nodes.
func (l *List) Visited() int { return l.visited }

// First returns the oldest node, or nil.
func (l *List) First() *Node { return l.first }

// Next returns the node behind, or nil.
func (l Links) Next() *Node { return l.next }

// Push appends n.
func (l *List) Push(n *Node) {
	at := l.at(n)
	at.prev = l.last
	if l.last == nil {
		l.first = n
	} else {
		l.at(l.last).next = n
	}
	l.last = n
	l.n++
}

// Remove takes n, which must be in the list, out of it. It does not check that n is in this list:
// with links of another one it would break both.
func (l *List) Remove(n *Node) {
	at := l.at(n)
	if at.prev == nil {
		l.first = at.next
	} else {
		l.at(at.prev).next = at.next
	}
	if at.next == nil {
		l.last = at.prev
	} else {
		l.at(at.next).prev = at.prev
	}
	*at = Links{}
	l.n--
}

// PutBefore puts the nodes of older, which is empty then, before those of l. In constant time,
// however many there are: it runs under the owner's lock.
func (l *List) PutBefore(older *List) {
	if older.n == 0 {
		return
	}
	if l.first == nil {
		l.last = older.last
	} else {
		l.at(l.first).prev, l.at(older.last).next = older.last, l.first
	}
	l.first = older.first
	l.n += older.n
	older.first, older.last, older.n = nil, nil, 0
}

// All yields the nodes, oldest first. The one that was yielded may be removed meanwhile, no other.
func (l *List) All() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		for n := l.first; n != nil; {
			next := l.at(n).next
			l.visited++
			if !yield(n) {
				return
			}
			n = next
		}
	}
}
