// Package linked holds a queue from whose middle one can leave at once. The links are part of what
// waits, so that to wait allocates nothing. It takes no lock.
//
// A slice would make leaving cost time in proportion to those who wait, and a context that ends
// makes many leave at once. container/list allocates an element for each.
package linked

import "iter"

// Link is a place in a List, a field of what waits there. It is in one List at a time. who is kept
// here and not reached through the address of the link, so that T may be anything.
//
// It must not be copied while taken: its neighbours point at it.
type Link[T any] struct {
	who          T
	older, newer *Link[T]
	taken        bool
}

// Taken reports whether somebody waits at p.
func (p *Link[T]) Taken() bool { return p.taken }

// List is who waits, the oldest first. Its zero value is empty.
type List[T any] struct {
	first, last *Link[T]
	n           int
}

// Len is how many wait.
func (l *List[T]) Len() int { return l.n }

// First returns who has waited for longest, or T's zero value when nobody waits.
func (l *List[T]) First() (who T) {
	if l.first != nil {
		who = l.first.who
	}
	return who
}

// Push has who wait behind all others, at its own link p. It must not wait already.
func (l *List[T]) Push(p *Link[T], who T) {
	*p = Link[T]{who: who, older: l.last, taken: true}
	if l.last != nil {
		l.last.newer = p
	} else {
		l.first = p
	}
	l.last = p
	l.n++
}

// Remove takes who waits at p out of l, in which it must be. The link is empty again afterwards,
// and keeps nothing alive. It does not look whether p is in l: with a link of another list it would
// break both, so callers ask Taken where they are not sure.
func (l *List[T]) Remove(p *Link[T]) {
	if p.older != nil {
		p.older.newer = p.newer
	} else {
		l.first = p.newer
	}
	if p.newer != nil {
		p.newer.older = p.older
	} else {
		l.last = p.older
	}
	*p = Link[T]{}
	l.n--
}

// All are those who wait, the oldest first. Nobody may come or leave meanwhile.
func (l *List[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		for p := l.first; p != nil; p = p.newer {
			if !yield(p.who) {
				return
			}
		}
	}
}
