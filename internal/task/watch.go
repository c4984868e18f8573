package task

// Watch is one registration for the end of a context, for all queued nodes that were submitted with
// that context. All is done under the owner's lock.
//
//	registering ──> watching <──> resting
//	      │            │            │
//	      └────────────┴──> over <──┘
//
// A resting one watches nothing, and waits for a next node with the same context. Only the context
// holds it then.
//
// Invariant: nodes[n.at] == n for each of its nodes, so that one comes and goes in constant time,
// whatever waits.
type Watch struct {
	Of    <-chan struct{} // the context's Done
	State WatchState
	Stop  func() bool // from watching on
	nodes []*Node
}

// WatchState is where a Watch is. Registering lasts while context.AfterFunc is called, which is
// done without the owner's lock. The owner moves it, as the package has no lock of its own here.
type WatchState uint8

const (
	Registering WatchState = iota
	Watching
	Resting
	Over
)

// Len returns the number of nodes.
func (w *Watch) Len() int { return len(w.nodes) }

// Add puts n under watch.
func (w *Watch) Add(n *Node) {
	n.Watch, n.at = w, int32(len(w.nodes))
	w.nodes = append(w.nodes, n)
}

// Remove takes n out, whose Watch is w. The last node takes its place, so the order of nodes means
// nothing.
func (w *Watch) Remove(n *Node) {
	last := len(w.nodes) - 1
	moved := w.nodes[last]
	w.nodes[n.at], moved.at = moved, n.at
	w.nodes[last], w.nodes = nil, w.nodes[:last]
	n.Watch = nil
}

// Last returns the node that was added last, or nil.
func (w *Watch) Last() *Node {
	if len(w.nodes) == 0 {
		return nil
	}
	return w.nodes[len(w.nodes)-1]
}
