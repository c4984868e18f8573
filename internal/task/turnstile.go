package task

// Turnstile lets Cap nodes through at a time; the others wait before it, in the order in which they came. The order of the
// tasks of a key is a Turnstile for one, a limit one for as many. All is done under the owner's lock.
type Turnstile struct {
	Cap   int
	Next  *Turnstile // behind it: a key's may lead to a limit's
	Lends bool       // a node that waits gives its place away meanwhile

	Key    any // for its owner; nil: it is no key's
	inside int
	Back   int // nodes that want back the place that they had lent: they go first
	held   List
}

// NewTurnstile returns one without a node.
func NewTurnstile(limit int) *Turnstile { return &Turnstile{Cap: limit, held: Queued()} }

// Idle reports whether nobody is inside or before it.
func (s *Turnstile) Idle() bool { return s.inside == 0 && s.Back == 0 && s.held.Len() == 0 }

// Room reports whether one more may pass.
func (s *Turnstile) Room() bool { return s.inside < s.Cap }

// Enter takes a place.
func (s *Turnstile) Enter() { s.inside++ }

// Advance brings n through its turnstiles as far as it gets. It reports false when n is held.
func (n *Node) Advance() bool {
	next := n.Stile
	if n.Through != nil {
		next = n.Through.Next
	}
	for ; next != nil; next = next.Next {
		if !next.Room() || next.Back > 0 || next.held.Len() > 0 {
			n.In = &next.held
			n.In.Push(n)
			return false
		}
		next.Enter()
		n.Through = next
	}
	return true
}

// Release gives a place back, and returns the node that has taken it, to be advanced.
func (s *Turnstile) Release() *Node {
	s.inside--
	return s.Pass()
}

// Pass lets the first of those that wait through, if there is a place for it, and returns it, to be advanced; else nil.
func (s *Turnstile) Pass() *Node {
	first := s.held.First()
	if first == nil || s.Back > 0 || !s.Room() {
		return nil
	}
	s.held.Remove(first)
	s.Enter()
	first.In, first.Through = nil, s
	return first
}
