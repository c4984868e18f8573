package gil

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet/internal/fiber"
	"github.com/quartet-go/quartet/internal/task"
)

// strand is a task as the code of a simulated thread. It gets its task when it has the lock for the
// first time.
//
// All fields belong to the goroutine of loop, but gone and those that are atomic in wait.
type strand struct {
	v       *virtual
	t       *vthread
	n       *task.Node
	f       *fiber.Fiber
	outcome fiber.Outcome
	op      Op   // what the fiber wants when it suspends; zero, which ends the thread, when it has ended
	paying  bool // for the wake-ups of others: op is next
	// nil while it does not wait.
	wait  *wait // what it waits for
	watch task.EndWatch
	gone  bool // locked: it has ended
}

// next implements code: it runs the task's fiber until that wants something. The fiber suspends
// with st.op set.
func (st *strand) next(s *sim, t *vthread) Op {
	v := st.v
	v.tell()
	if st.n == nil {
		if !st.begin() {
			return Op{}
		}
		if i, ok := interpreterOf(st.n.Parent()); ok && t.lock != nil && &s.locks[i%len(s.locks)] != t.lock {
			// The thread was dealt to an interpreter before its task was known. It moves before the
			// task's code begins.
			return Op{Do: doMove, Queue: i}
		}
	}
	if st.paying {
		st.paying = false
		return st.op
	}
	st.op = Op{}
	v.turns.Add(1)
	v.thread.Store(st.n)
	st.outcome = st.f.Resume()
	v.thread.Store(nil)
	if st.outcome != fiber.Suspended {
		st.watch.Off()
	}
	if v.mail.Load() && v.wakes(t) {
		st.paying = true
		cost := t.owed
		t.owed = 0
		return Op{Do: DoCompute, For: cost}
	}
	return st.op
}

// wakes has t wake the threads that its code has resumed, before the code's next op: the calls of
// the kernel that do so come before a release of the lock. It reports whether t owes something for
// that. What another goroutine has resumed in the same moment is taken for t's.
func (v *virtual) wakes(t *vthread) bool {
	before := t.owed
	v.waker = t
	v.takeIn()
	v.waker = nil
	return t.owed > before
}

// rouse wakes a thread whose wait has ended, at its waker's cost.
func (v *virtual) rouse(t *vthread) {
	cost := v.sim.wake(t, v.waker)
	if v.waker != nil {
		v.waker.owed += cost
	}
}

// begin takes the oldest task from the queue; there is none when it was abandoned meanwhile.
func (st *strand) begin() bool {
	v := st.v
	v.s.in.Lock()
	v.starting = false
	n := v.s.in.PopLocked()
	if n != nil {
		n.Data = st
		n.Lane = int32(n.Seq) - 1
		st.t.label = task.LabelOf(n.Parent())
		st.t.task = n.Seq
		st.n = n
	}
	v.readyLocked()
	v.s.in.Commit()
	if n == nil {
		return false
	}
	st.f = v.fibers.New(v.body)
	v.beginner = st
	return true
}

// want switches from a thread's fiber to the machine, which does op. It returns when the machine
// has done op, and the thread has the lock again.
func (v *virtual) want(n *task.Node, op Op) {
	st := n.Data.(*strand)
	st.op = op
	st.f.Suspend()
}

// mine compares with the node that runs now. A foreign goroutine that has the context of that very
// thread is taken for it: nothing but the goroutine's number could tell, and that costs
// microseconds.
func (v *virtual) mine(n *task.Node) bool { return v.thread.Load() == n }

// eye is always true: in virtual time a checkpoint has to ask the policy, which may depend on the
// time.
func (v *virtual) eye(*task.Node) *atomic.Bool { return &v.always }

// checkpoint asks the policy before it switches to the machine, since most checkpoints find nothing
// to do. It reads the machine's state: the fiber runs on the machine's goroutine.
func (v *virtual) checkpoint(n *task.Node) {
	if l := n.Data.(*strand).t.lock; l != nil && v.sim.policy.Checkpoint(l.state(v.sim.now)) {
		v.want(n, Op{Do: DoCheckpoint})
	}
}

func (v *virtual) yield(n *task.Node) {
	if l := n.Data.(*strand).t.lock; l != nil && l.waiters.Len() > 0 {
		v.want(n, Op{Do: DoYield})
	}
}

// compute costs no real time: the machine advances its clock.
func (v *virtual) compute(n *task.Node, do Do, d time.Duration) {
	if d > 0 {
		v.want(n, Op{Do: do, For: d})
	}
}

// wait suspends the fiber until resume is called. A resume inside arm finds the state armed, and no
// switch happens at all.
func (v *virtual) wait(ctx context.Context, n *task.Node, arm func(resume func())) error {
	w := &wait{}
	arm(func() { v.resumeFrom(w, n, resumed) })
	return v.await(ctx, w, n, Op{Do: doPark})
}

// acquire asks attempt again on the machine's goroutine, whenever the thread has been woken and has
// a core. If the wait is not over, the thread waits on, and has never wanted the lock.
func (v *virtual) acquire(
	ctx context.Context, n *task.Node, attempt func(resume func()) (over bool),
) error {
	st := n.Data.(*strand)
	st.watch.On(ctx, st)
	over := false
	begins := func() bool {
		for {
			w := &wait{}
			if over = attempt(func() { v.resumeFrom(w, n, resumed) }); over {
				return false
			}
			if st.begins(ctx, w) {
				return true
			}
			if w.state.Load() == cut {
				return false
			}
		}
	}
	if begins() {
		st.t.waitsOn = func() bool { return st.wait.state.Load() == resumed && begins() }
		v.want(n, Op{Do: doPark})
		st.t.waitsOn, st.wait = nil, nil
	}
	if over {
		return nil
	}
	return context.Cause(ctx)
}

func (v *virtual) sleep(ctx context.Context, n *task.Node, d time.Duration) error {
	return v.await(ctx, &wait{}, n, Op{Do: DoSleep, For: d})
}

// block runs fn on a goroutine of its own, in real time. Its end enters at the present virtual
// time.
func (v *virtual) block(n *task.Node, fn func()) {
	w := &wait{}
	var end fiber.Captured
	v.blocks.Add(1)
	v.alive.Go(func() {
		defer v.resumeFrom(w, n, resumed)
		defer v.blocks.Add(-1)
		task.Unlabel()
		end.Run(fn)
	})
	_ = v.await(context.Background(), w, n, Op{Do: doPark})
	end.Repeat()
}

// wait is one wait of a virtual thread. It is used once, so that a late resume of an earlier wait
// does nothing.
type wait struct {
	state atomic.Uint32
	done  <-chan struct{} // of the context that bounds it
}

const (
	armed uint32 = iota // the thread still runs
	suspended
	resumed
	cut // by the end of its ctx
)

// await releases the lock until w has ended. An end of ctx before the wait cuts it without a
// switch. The step from suspended to resumed at the end is for a sleep, which no one resumes: its
// timer has.
func (v *virtual) await(ctx context.Context, w *wait, n *task.Node, op Op) error {
	st := n.Data.(*strand)
	st.watch.On(ctx, st)
	if st.begins(ctx, w) {
		v.want(n, op)
		st.wait = nil
		w.state.CompareAndSwap(suspended, resumed)
	}
	if w.state.Load() == cut {
		return context.Cause(ctx)
	}
	return nil
}

// begins suspends st for w. It reports false when w has ended before it has begun: by a resume, or
// by the end of ctx.
func (st *strand) begins(ctx context.Context, w *wait) bool {
	if ctx.Err() != nil {
		w.state.CompareAndSwap(armed, cut)
	}
	if !w.state.CompareAndSwap(armed, suspended) {
		return false
	}
	w.done, st.wait = ctx.Done(), w
	return true
}

// ContextEnded implements task.Waiter: the machine cuts the wait, if that is of this context. It
// comes from any goroutine, perhaps late: gone says that the thread has ended, and done which wait
// is meant.
func (st *strand) ContextEnded(done <-chan struct{}) {
	st.v.s.in.Lock()
	if !st.gone {
		st.v.enterLocked(func() {
			if w := st.wait; w != nil && w.done == done && w.state.CompareAndSwap(suspended, cut) {
				st.v.rouse(st.t)
			}
		})
	}
	st.v.s.in.Commit()
}

// resumeFrom ends a wait, once, from any goroutine. The state decides who ends it, at once; the
// machine hears of it through the inbox.
func (v *virtual) resumeFrom(w *wait, n *task.Node, how uint32) {
	if w.state.CompareAndSwap(armed, how) || !w.state.CompareAndSwap(suspended, how) {
		return
	}
	v.s.in.Lock()
	v.enterLocked(func() {
		if st := n.Data.(*strand); st.wait == w {
			v.rouse(st.t)
		}
	})
	v.s.in.Commit()
}
