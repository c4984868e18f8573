package task

// Turnstile lets Cap nodes through at a time; the others wait before it, in the order in which they
// came. The order of the tasks of a key is a Turnstile for one, a limit one for as many. All is
// done under the owner's lock.
//
// Invariants: inside <= Cap; nobody is held while there is room and
// nobody wants a place back; behind counts held, and those held before turnstiles that lead here,
// so a backlog is known without a walk.
//
// A node stands before one turnstile at a time, and passes them in the order key, limit. passed of
// the node is how many it has behind it, and with that which ones it has to give back.
type Turnstile struct {
	Cap   int
	Next  *Turnstile // behind it: a key's may lead to a limit's
	Lends bool       // a node that waits gives its place away meanwhile

	Key      any // for its owner; nil: it is no key's
	Visitors int // submitters that wait until its backlog is shorter

	inside int  // nodes that have passed it and not left
	behind int  // nodes held before it, or before one that leads to it
	back   int  // nodes that want back the place that they had lent: they go before those held
	wanted List // those of them for whom there is none yet
	held   List
}

// NewTurnstile returns one without a node.
func NewTurnstile(limit int) *Turnstile {
	return &Turnstile{Cap: limit, held: Queued(), wanted: Queued()}
}

// Idle reports whether nobody is inside or before it. Then the owner of a key forgets it, so that
// keys do not add up. A visitor counts: it waits at this very turnstile, and a new one for the same
// key would not know it.
func (s *Turnstile) Idle() bool {
	return s.inside == 0 && s.back == 0 && s.held.Len() == 0 && s.Visitors == 0
}

// Room reports whether one more may pass.
func (s *Turnstile) Room() bool { return s.inside < s.Cap }

// Open reports whether one that comes now passes at once. Whoever has waited longer goes first, and
// those who had lent their place before all.
func (s *Turnstile) Open() bool { return s.Room() && s.back == 0 && s.held.Len() == 0 }

// Held returns how many nodes wait before it.
func (s *Turnstile) Held() int { return s.held.Len() }

// Oldest returns the first node that waits before it, or nil.
func (s *Turnstile) Oldest() *Node { return s.held.First() }

// Backlog returns how many nodes wait before it, or before a turnstile that leads to it.
func (s *Turnstile) Backlog() int { return s.behind }

// hold makes n wait before s. It also counts at all turnstiles behind.
func (s *Turnstile) hold(n *Node) {
	n.In = &s.held
	n.In.Push(n)
	s.count(1)
}

// Withdraw takes n, which waits before s, away. The caller has to change the node's state, and to
// see whom the shorter backlog lets in.
func (s *Turnstile) Withdraw(n *Node) {
	s.held.Remove(n)
	n.In = nil
	s.count(-1)
}

func (s *Turnstile) count(nodes int) {
	for ; s != nil; s = s.Next {
		s.behind += nodes
	}
}

// Enter takes a place. The caller has made sure that there is room.
func (s *Turnstile) Enter() { s.inside++ }

// Shut returns the first of its turnstiles that n would not pass at once; nil: it would pass all.
func (n *Node) Shut() *Turnstile {
	for s := n.Stile; s != nil; s = s.Next {
		if !s.Open() {
			return s
		}
	}
	return nil
}

// Advance brings n through its turnstiles as far as it gets. It reports false when n is held. It
// begins behind those that it has passed, so it may be called again when the one that held it lets
// it through. It enters each turnstile on its way at once, so a node that is held at the limit
// holds its key's place already: its order within the key is decided.
func (n *Node) Advance() bool {
	next := n.Stile
	for range n.passed {
		next = next.Next
	}
	for ; next != nil; next = next.Next {
		if !next.Open() {
			next.hold(n)
			return false
		}
		next.Enter()
		n.passed++
	}
	return true
}

// Before returns the turnstile that holds n; nil: none.
func (n *Node) Before() *Turnstile {
	s := n.Stile
	for range n.passed {
		s = s.Next
	}
	return s
}

// Passed yields to the owner, one after the other, the turnstiles that n has passed, and forgets
// that it has. It forgets only after the loop: the owner must not ask n for its turnstiles
// meanwhile.
func (n *Node) Passed(yield func(s *Turnstile) bool) {
	s := n.Stile
	for range n.passed {
		next := s.Next
		if !yield(s) {
			break
		}
		s = next
	}
	n.passed = 0
}

// Inside reports whether n has passed s and has not given its place back.
func (n *Node) Inside(s *Turnstile) bool {
	at := n.Stile
	for range n.passed {
		if at == s {
			return true
		}
		at = at.Next
	}
	return false
}

// Limit returns the turnstile where n gives its place away while it waits, the last one; nil: none.
func (n *Node) Limit() *Turnstile {
	for s := n.Stile; s != nil; s = s.Next {
		if s.Lends {
			return s
		}
	}
	return nil
}

// Lend has n, which is inside, give its place away. The caller releases it. passed falls, so that
// Passed does not give back at the end a place that the node no longer has.
func (s *Turnstile) Lend(n *Node) { n.passed-- }

// Regain gives n a place again, if there is one. It does not ask who else waits: see Want for a
// fair way.
func (s *Turnstile) Regain(n *Node) bool {
	if !s.Room() {
		return false
	}
	s.Enter()
	n.passed++
	return true
}

// Want is Regain for a node that is to have the next place. Give returns it then; it must Return
// once it has gone on.
func (s *Turnstile) Want(n *Node) bool {
	s.back++
	if s.Regain(n) {
		return true
	}
	s.wanted.Push(n)
	return false
}

// Return ends a Want. got: n had its place. back counts from Want to Return, and nobody new passes
// meanwhile. So a place that came free is not lost to a newcomer between the grant and the moment
// when the node goes on.
func (s *Turnstile) Return(n *Node, got bool) {
	s.back--
	if !got {
		s.wanted.Remove(n)
	}
}

// Give gives a free place to the first of those that want theirs back, and returns it, or nil. back
// does not change: Return lowers it.
func (s *Turnstile) Give() *Node {
	n := s.wanted.First()
	if n == nil || !s.Room() {
		return nil
	}
	s.wanted.Remove(n)
	s.Regain(n)
	return n
}

// Leave gives a place back. Whom the place goes to is decided by Give and Pass, which the caller
// asks next.
func (s *Turnstile) Leave() { s.inside-- }

// Pass lets the first of those that wait through, if there is a place for it, and returns it, to be
// advanced; else nil. Not while somebody wants a place back: those come first.
func (s *Turnstile) Pass() *Node {
	first := s.held.First()
	if first == nil || s.back > 0 || !s.Room() {
		return nil
	}
	s.Withdraw(first)
	s.Enter()
	first.passed++
	return first
}
