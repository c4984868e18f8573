package intake

import (
	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// ageEvery is the round of starts in which each level has its turn: of 16 starts one goes to the normal ones first and one
// to the low ones, so that neither starves under a flood of higher ones.
const ageEvery = 16

// turn returns in which order the levels are asked for the next start.
func turn(starts uint64) [levels]int8 {
	switch starts % ageEvery {
	case ageEvery/2 - 1:
		return [levels]int8{Normal, High, Low}
	case ageEvery - 1:
		return [levels]int8{Low, High, Normal}
	}
	return [levels]int8{High, Normal, Low}
}

// level is locked.
func (in *Intake) level(l int8) *task.List { return &in.queues[l-High] }

// Len is locked: the number of nodes that may start.
func (in *Intake) Len() int {
	n := 0
	for level := range in.queues {
		n += in.queues[level].Len()
	}
	return n + in.fast.len()
}

// Pop is locked: it takes the next node that can still start out of the queue, as started; nil when there is none. It is
// the oldest of its level.
func (in *Intake) Pop() *task.Node {
	for {
		n, leaf := in.next()
		switch {
		case leaf:
			if n = in.popLeaf(); n != nil {
				return n
			}
		case n == nil:
			return nil
		case in.Take(n):
			return n
		}
	}
}

// next is locked: the node whose turn it is, or that it is the leaves' turn.
func (in *Intake) next() (n *task.Node, leaf bool) {
	for _, level := range turn(in.starts) {
		if level == Normal && in.fast.ready() { // older than what is in the queue
			return nil, true
		}
		if n = in.level(level).First(); n != nil {
			return n, false
		}
	}
	return nil, false
}

// Startable is locked: n is queued here, and no turnstile holds it.
func (in *Intake) Startable(n *task.Node) bool {
	return n.Owner == task.Owner(in) && n.In == in.level(n.Level)
}

// discardOldest is locked: it makes room for a node of level, at the cost of the oldest one of the lowest level that is
// not above it. It reports false when there is none: then higher ones, or what has started, take all the room.
func (in *Intake) discardOldest(level int8) bool {
	for l := Low; l >= level; l-- {
		if l == Normal && in.dropFast() {
			return true
		}
		if oldest := in.oldest(l); oldest != nil {
			if oldest.Leaf {
				in.dropLeaf(oldest)
			} else {
				in.unqueue(oldest)
				in.After(func() { oldest.Abandon(quartet.ErrDiscarded) })
			}
			return true
		}
	}
	return false
}

// oldest is locked: the oldest queued node of level, else the oldest one that a turnstile holds.
func (in *Intake) oldest(level int8) *task.Node {
	if n := in.level(level).First(); n != nil || in.queued == 0 {
		return n
	}
	for n := range in.live.All() {
		if n.In != nil && n.Level == level {
			return n
		}
	}
	return nil
}
