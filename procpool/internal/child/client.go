package child

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/quartet-go/quartet/procpool/internal/codec"
	"github.com/quartet-go/quartet/procpool/internal/wire"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/functions"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/propagate"
	"github.com/quartet-go/quartet/internal/task"
)

// jobModel is a job as the Model of its own task. It is quartet.Model for the function that the job
// runs. Its methods may also be called by goroutines that the function has started, with the job's
// context: each has to bear that, also after the job's end.
type jobModel job

// Executor gives the parent's pool, as seen from here.
func (m *jobModel) Executor() quartet.Executor { return (*client)(m.server) }

// Suspend gives the token away while it waits: the worker takes calls that descend from this task.
// The order matters: the token is back before Suspend returns, so the function never runs without
// one.
func (m *jobModel) Suspend(ctx context.Context, arm func(resume func())) error {
	j := (*job)(m)
	if j.server.lend(j) {
		defer j.server.takeBack(j)
	}
	return task.Park(ctx, arm)
}

// lend reports false when j does not have the token: the caller is a foreign goroutine, which just
// blocks. lend gives j's token away before j waits. SUSPENDED tells the pool, which may then send
// calls that descend from j. The frame need not be flushed here: whoever is kicked finds nothing to
// start, sends WANT, and flushes, or it starts a task and the watch flushes.
func (s *server) lend(j *job) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j.stage != running || !j.node.State().Started() {
		return false
	}
	j.toLocked(suspended)
	// Each wait has a new channel, since the last one is closed. It is made under mu, where those
	// who close it look for it.
	j.turn = make(chan struct{})
	s.tokens++
	s.out.put(wire.Frame{Type: wire.Suspended, ID: j.id})
	s.kickLocked()
	return true
}

// takeBack waits for the token. A task that ended meanwhile, in whose name a foreign goroutine had
// lent, needs none.
//
// With a free token pickLocked serves the longest waiter, which need not be j, and starts no task,
// since somebody is returning. Without one, the goroutine whose task ends next serves it (choose),
// or whose task waits next (lend kicks one).
func (s *server) takeBack(j *job) {
	s.mu.Lock()
	if j.stage == over {
		s.mu.Unlock()
		return
	}
	j.toLocked(returning)
	s.returning = append(s.returning, j)
	if s.tokens > 0 {
		s.pickLocked()
	}
	s.mu.Unlock()
	// The wait does not look at j's context: a token is needed also to return from a cancelled
	// function, or two tasks would run at once.
	<-j.turn
}

// Sleep keeps the worker. Lending the token would let other tasks start, each of which then had to
// end or wait before the sleeper goes on.
func (m *jobModel) Sleep(ctx context.Context, d time.Duration) error { return task.Sleep(ctx, d) }

// Block keeps the worker. There is no second thread of tasks to move on to; the watch has another
// goroutine read meanwhile.
func (m *jobModel) Block(ctx context.Context, fn func()) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	fn()
	return nil
}

// Yield lets the worker's other goroutines run; no other task may start.
func (m *jobModel) Yield(context.Context) { runtime.Gosched() }

// client is the server as the Executor of its own tasks: its calls travel to the pool, and run on
// any worker.
//
// It is what quartet.Current returns in a task. Its methods run on the tasks' goroutines, and on
// any that a task starts.
type client server

// outcall is one call of a task's own, until its reply.
//
// id, node, call and reader are set before the CALL is sent, and not changed. server.mu guards the
// fields behind them. Who removes it from server.calls is the one that resolves it.
type outcall struct {
	id     uint64
	node   *task.Node
	call   quartet.Call
	reader functions.Reader // takes its items; nil: its result is one value

	sent      bool        // its CALL is on the way, so others may follow
	cancelled bool        // before that
	stop      func() bool // of the watch on its parent; nil: there is none, or not yet
}

// SubmitCall sends c to the pool. A refusal there abandons c, with the reason.
//
// Here an error is returned only for what this process can see: an input that cannot be encoded or
// is too large, a parent that has ended. The pool's refusal comes later, as a REPLY with an error,
// because a submit that waited for an answer would cost a round trip.
func (x *client) SubmitCall(ctx context.Context, c quartet.Call) error {
	intake.NotNil("procpool", "SubmitCall", ctx, c)
	s := (*server)(x)
	n := task.Of(ctx, c)
	parent := n.Parent()
	if parent.Err() != nil {
		return context.Cause(parent)
	}
	body, within, err := callBody(parent, c.Name())
	if err != nil {
		return err
	}
	form := codec.Of(s.codec, true, false)
	body, err = c.AppendInput(body, form)
	if err != nil {
		return err
	}
	if len(body) > s.limit {
		return wire.TooLarge(c.Name(), len(body), s.limit)
	}
	flags := uint8(wire.FlagExt)
	if codec.IsRaw(form) {
		flags |= wire.FlagRaw
	}
	if f, ok := quartet.As[interface{ Idempotent() bool }](c); ok && f.Idempotent() {
		flags |= wire.FlagAgain
	}
	o := &outcall{node: n, call: c}
	if o.reader, _ = quartet.As[functions.Reader](c); o.reader != nil {
		flags |= wire.FlagStream
		o.reader.OnTaken(func(items int) { s.tell(o.id, items) })
	}
	// From here on s hears of a cancellation of the started node: Cancelled.
	n.Settle(&s.away)
	n.Data = o
	// A call that is sent counts as started: it may run at any moment in another worker, so it
	// cannot be abandoned here any more, and a cancellation goes through the pool.
	if err := claim(n, c); err != nil {
		return err
	}
	s.send(o, wire.Frame{Type: wire.Call, Flags: flags, Body: body})
	// Such a context may end while the task goes on, and the pool does not know it.
	if !within && parent.Done() != nil { // else the pool sees the end of parent
		s.follow(o, parent)
	}
	return nil
}

// claim takes n for running. A call in a wrapper has a future with a node of its own besides n: it
// is claimed, too, so that its Cancel cannot abandon it any more. One that is claimed already stays
// so: its call is sent a second time. An error says that the call was cancelled just now.
func claim(n *task.Node, c quartet.Call) error {
	if n.Claim() {
		f, ok := quartet.As[task.Noder](c)
		if !ok || f.Node() == n || f.Node().Claim() || !f.Node().State().Over() {
			return nil
		}
		defer n.End() // nobody else will
	}
	if err := context.Cause(n.Context()); err != nil {
		return err
	}
	return context.Canceled
}

// send gives o a number and sends its CALL, which may block for as long as the pool does not read.
// So mu is not held, and a CANCELCALL that would overtake the CALL is sent behind it.
func (s *server) send(o *outcall, f wire.Frame) {
	s.mu.Lock()
	s.callID++
	o.id = s.callID
	// The entry is there before the frame can be answered.
	s.calls[o.id] = o
	s.mu.Unlock()
	f.ID = o.id
	s.out.put(f)
	s.mu.Lock()
	o.sent = true
	cancelled := o.cancelled
	s.mu.Unlock()
	if cancelled {
		s.Cancelled(o.node)
	}
	// The caller may now compute for long before it waits; the watch writes the frame then.
	s.watch()
}

// follow has o cancelled when parent ends. The REPLY may have come already: then nobody else ends
// the watch.
func (s *server) follow(o *outcall, parent context.Context) {
	stop := context.AfterFunc(parent, func() { s.Cancelled(o.node) })
	s.mu.Lock()
	o.stop = stop
	_, waits := s.calls[o.id]
	s.mu.Unlock()
	if !waits {
		stop()
	}
}

// callBody begins the body of a CALL. within: parent is the context of a task of this worker, or a
// future's below it. The pool runs the call under the context of the task x.Parent, whose deadline
// and values it has already. Those of contexts between that task and the call travel in the block.
func callBody(parent context.Context, name string) (body []byte, within bool, err error) {
	x := wire.Ext{Label: task.LabelOf(parent)}
	if at, ok := parent.Deadline(); ok {
		x.Left = max(time.Until(at), 1)
	}
	for n := range task.Around(parent) {
		if j, ok := n.Job.(*job); ok {
			x.Parent = j.id
			within = parent == j.node.Context()
			break
		}
	}
	// The inject functions are the user's: no lock is held here, and the error is the submitter's.
	if propagate.Any() {
		if x.Values = propagate.Inject(parent); wire.SizeOfValues(x.Values) > wire.MaxValues {
			return nil, false,
				fmt.Errorf("procpool: the propagated values are %d bytes, beyond %d", wire.SizeOfValues(x.Values),
					wire.MaxValues)
		}
	}
	return wire.AppendCall(nil, x, name), within, nil
}

// Cancelled implements task.Canceller: n's context has ended, and the pool has to know.
//
// It runs on the goroutine that cancels, or on that of context.AfterFunc. The call stays in calls
// until its REPLY: the pool answers a cancelled call too. It flushes at once, since nobody else may
// come by for as long as a function takes. A REPLY that arrives between the look and the frame is
// no harm: the pool ignores a CANCELCALL of a call that has ended.
func (s *server) Cancelled(n *task.Node) {
	o := n.Data.(*outcall)
	s.mu.Lock()
	_, waits := s.calls[o.id]
	o.cancelled = !o.sent // then send calls again
	waits = waits && o.sent
	s.mu.Unlock()
	if waits {
		s.out.put(wire.Frame{Type: wire.CancelCall, ID: o.id, Body: wire.EncodeError(context.Cause(n.Context()), nil)})
		s.out.flush()
	}
}

// reply ends a call of a task's own.
//
// It runs on the goroutine that reads. Resolve runs the user's decoder, and wakes the task that
// awaits the call; so mu is released first. A REPLY to a number that is not there is ignored.
func (s *server) reply(f wire.Frame) {
	s.mu.Lock()
	o := s.calls[f.ID]
	delete(s.calls, f.ID)
	var stop func() bool
	if o != nil {
		stop = o.stop
	}
	s.mu.Unlock()
	if o == nil {
		return
	}
	// Else the parent's end would keep the call's memory, and tell the pool of a call that has
	// ended.
	if stop != nil {
		stop()
	}
	if f.Arg == wire.KindError {
		o.call.Resolve(nil, codec.Of(s.codec, false, false), wire.DecodeError(f.Body, context.Cause(o.node.Context())))
	} else {
		o.call.Resolve(f.Body, codec.Of(s.codec, f.Arg == wire.KindRaw, f.Owned), nil)
	}
	o.node.End()
}

// Shutdown begins a shutdown of the pool. From inside it cannot wait for it: [quartet.ErrInside].
// The pool takes it only from a worker that is the same program: see SHUTDOWN in PROTOCOL.md. The
// task that calls is one of those that the shutdown waits for.
func (x *client) Shutdown(context.Context) error {
	s := (*server)(x)
	s.out.put(wire.Frame{Type: wire.Shutdown})
	s.out.flush()
	return quartet.ErrInside
}

// Close is not for tasks: it returns [quartet.ErrInside].
func (x *client) Close() error { return quartet.ErrInside }
