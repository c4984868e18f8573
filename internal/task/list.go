package task

import "iter"

// List is a doubly linked list of nodes, through the links that at selects.
type List struct {
	at          func(*Node) *Links
	first, last *Node
	n           int
}

// Queued returns an empty list through the queue links, Alive one through the live links.
func Queued() List { return List{at: func(n *Node) *Links { return &n.Queue }} }

// Alive returns an empty list through the live links.
func Alive() List { return List{at: func(n *Node) *Links { return &n.Live }} }

// Len returns the number of nodes.
func (l *List) Len() int { return l.n }

// First returns the oldest node, or nil.
func (l *List) First() *Node { return l.first }

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

// Remove takes n, which must be in the list, out of it.
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

// All yields the nodes, oldest first. The one that was yielded may be removed meanwhile, no other.
func (l *List) All() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		for n := l.first; n != nil; {
			next := l.at(n).next
			if !yield(n) {
				return
			}
			n = next
		}
	}
}
