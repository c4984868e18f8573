package intake

import (
	"context"
	"math"
	"sync/atomic"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/ring"
	"github.com/quartet-go/quartet/internal/task"
)

// Func is a leaf, a func without context and future, as a job: a func value in an interface costs no allocation.
type Func func()

func (f Func) Run(context.Context) { f() }
func (f Func) Abandon(error)       {}

// fastLane is the way of leaves that takes no lock: a ring before the queue. Its gate is open only while nothing is
// queued behind it or blocked, and nobody shuts down. So what is in the ring is older than what is in the queue at its
// level, which keeps the order of a submitter, and all other cases are decided under the lock, as for any node.
type fastLane struct {
	ring    *ring.Ring[func()]
	limit   int
	samples *ring.Ring[*sample] // idle ones, taken and given back without the lock
	hungry  atomic.Bool         // the next push must say that it has come
	low     atomic.Int64        // how few leaves call the consumers back: below 0 never

	// Guarded by the intake's lock.
	open      bool
	consumers []*Consumer
	done      uint64 // by consumers that have left
	failed    uint64 // likewise
	moved     uint64 // popped, and counted as nodes
}

// Marks of fastLane.low.
const (
	never  = -1
	atOnce = math.MaxInt64
)

func newFastLane(limit int) *fastLane {
	f := &fastLane{ring: ring.New[func()](limit), limit: limit, samples: ring.New[*sample](limit/sampleLeaves + 1), open: true}
	f.hungry.Store(true)
	f.low.Store(never)
	return f
}

// fullYields is how often a submitter lets others run while the ring is full, before it goes to the lock and blocks: each
// time that room has come costs less than parking. Without, 16 submitters took three times as long; with 4 in place of 32,
// a tenth longer. One submitter of tasks of 1 µs takes a quarter longer by it, since it keeps a core from the workers.
const fullYields = 32

// SubmitFunc accepts fn, which has no context and no future. try: it never waits.
func (in *Intake) SubmitFunc(fn func(), try bool) error {
	if f := in.fast; f != nil && in.pushPatiently(fn, try) {
		if f.hungry.Load() && f.hungry.CompareAndSwap(true, false) {
			in.Lock()
			in.fresh = true
			in.Unlock()
		}
		return nil
	}
	full := in.cfg.Full
	if try && full == Wait {
		full = Reject
	}
	in.Lock()
	n := in.takeSpare()
	n.Init(context.Background(), Func(fn))
	if err := in.admit(n, nil, full); err != errNoRoom {
		in.Unlock()
		return err
	}
	in.Unlock()
	return in.waitForRoom(n, nil)
}

// pushPatiently waits a little for room, unless the caller is not to wait.
func (in *Intake) pushPatiently(fn func(), try bool) bool {
	push := func() bool { return in.push(fn) }
	return push() || !try && in.cfg.Full == Wait && task.YieldUntil(push, fullYields)
}

// sampleLeaves is how often a leaf's times are taken: a clock reading costs more than an empty one.
const sampleLeaves = 4 * sampleEvery

// push puts a leaf into the ring.
func (in *Intake) push(fn func()) bool {
	f := in.fast
	if f.ring.Next()%sampleLeaves != 0 {
		return f.ring.Push(fn)
	}
	s := in.sample(fn)
	if f.ring.Push(s.run) {
		return true
	}
	s.putBack()
	return false
}

// pushLeaf is locked: it puts an accepted leaf into the ring, if nothing is queued behind that.
func (in *Intake) pushLeaf(n *task.Node) bool {
	f := in.fast
	if f == nil || in.queued > 0 || in.phase != open || !in.spacious() {
		return false
	}
	if !f.open {
		f.ring.Open()
	}
	pushed := f.ring.Push(n.Job.(Func))
	if !f.open {
		f.ring.Shut()
	}
	if pushed {
		in.fresh = true
		in.recycle(n)
	}
	return pushed
}

// setGate is locked: it opens or shuts the ring, and calls its consumers where they are needed.
func (in *Intake) setGate() {
	f := in.fast
	if f == nil {
		return
	}
	blocked := in.anyBlocked()
	if want := in.phase == open && in.queued == 0 && !blocked && in.spacious(); want != f.open {
		if f.open = want; want {
			f.ring.Open()
		} else {
			f.ring.Shut()
		}
	}
	low := int64(never)
	switch {
	case in.level(High).Len() > 0, in.cfg.Calls():
		low = atOnce
	case blocked:
		low = int64(in.lowMark() - in.queued)
	}
	if f.low.Load() != low {
		f.low.Store(low)
	}
}

// spacious is locked: InFlight is so far away that a full ring cannot exceed it.
func (in *Intake) spacious() bool {
	nodes := int(in.stats.Queued + in.stats.Running + in.stats.Waiting)
	return nodes+in.cfg.Slots()+in.fast.limit <= in.cfg.InFlight
}

// Listen is locked: it reports whether something may start; if not, the next leaf will call Ready.
func (in *Intake) Listen() bool {
	for level := range in.queues {
		if in.queues[level].Len() > 0 {
			return true
		}
	}
	if in.fast == nil {
		return false
	}
	if !in.fast.ring.Ready() {
		in.fast.hungry.Store(true)
	}
	return in.fast.ring.Ready()
}

// Ready reports, without the lock, whether a leaf may start. One that is being pushed does not count.
func (in *Intake) Ready() bool { return in.fast.ready() }

func (f *fastLane) ready() bool { return f != nil && f.ring.Ready() }

func (f *fastLane) len() int {
	if f == nil {
		return 0
	}
	return f.ring.Len()
}

// unfinished is locked. A consumer counts as running a leaf.
func (f *fastLane) unfinished() int {
	if f == nil {
		return 0
	}
	return f.ring.Len() + len(f.consumers)
}

// addTo is locked. The counters are read before the ring's, so that the difference, what runs, is never negative; what has
// ended in between counts as done.
func (f *fastLane) addTo(s *quartet.Stats) {
	if f == nil {
		return
	}
	done, failed := f.done, f.failed
	for _, c := range f.consumers {
		done += c.done.Load()
		failed += c.failed.Load()
	}
	pushed, popped := f.ring.Counts()
	running := min(popped-f.moved-done-failed, uint64(len(f.consumers)))
	s.Submitted += pushed - f.moved
	s.Queued += pushed - popped
	s.Running += running
	s.Failed += failed
	s.Done += popped - f.moved - running - failed
}

// popLeaf is locked: it takes a leaf out of the ring, as a started node; nil when there is none.
func (in *Intake) popLeaf() *task.Node {
	fn, ok := in.moveLeaf()
	if !ok {
		return nil
	}
	in.starts++
	in.stats.Running++
	in.pending++
	n := in.takeSpare()
	n.Init(context.Background(), Func(fn))
	n.Owner, n.Host, n.Seq = in, in.cfg.Host, in.stats.Submitted
	return n
}

// dropFast is locked: it drops the oldest leaf of the ring, who has nobody to be told.
func (in *Intake) dropFast() bool {
	if in.fast == nil {
		return false
	}
	_, ok := in.moveLeaf()
	if ok {
		in.stats.Abandoned++
	}
	return ok
}

// moveLeaf is locked: it takes the oldest leaf out of the ring, and from the ring's numbers to the intake's.
func (in *Intake) moveLeaf() (fn func(), ok bool) {
	if fn, ok = in.fast.ring.Pop(); ok {
		in.fast.moved++
		in.stats.Submitted++
		in.roomy = true
	}
	return fn, ok
}

// takeSpare is locked.
func (in *Intake) takeSpare() *task.Node {
	if last := len(in.spare) - 1; last >= 0 {
		n := in.spare[last]
		in.spare = in.spare[:last]
		return n
	}
	return &task.Node{Leaf: true}
}

// recycle is locked. A leaf is known to nobody but its executor.
func (in *Intake) recycle(n *task.Node) {
	if len(in.spare) < maxSpare && in.phase == open {
		*n = task.Node{Leaf: true}
		in.spare = append(in.spare, n)
	}
}
