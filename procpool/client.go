package procpool

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/task"
)

// jobModel is a job as the Model of its own task.
type jobModel job

// Executor gives the parent's pool, as seen from here.
func (m *jobModel) Executor() quartet.Executor { return (*client)(m.server) }

// Suspend gives the token away while it waits: the worker takes calls that descend from this task.
func (m *jobModel) Suspend(ctx context.Context, arm func(resume func())) error {
	j := (*job)(m)
	if j.server.lend(j) {
		defer j.server.takeBack(j)
	}
	return task.Park(ctx, arm)
}

// lend reports false when j does not have the token: the caller is a foreign goroutine, which just blocks.
func (s *server) lend(j *job) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !j.running || j.node.State() != task.Started {
		return false
	}
	j.running, j.suspended, j.turn = false, true, make(chan struct{})
	s.tokens++
	s.out.put(frame{typ: frameSuspended, id: j.id})
	s.kick()
	return true
}

// takeBack waits for the token. A task that ended meanwhile, in whose name a foreign goroutine had lent, needs none.
func (s *server) takeBack(j *job) {
	s.mu.Lock()
	if !slices.Contains(s.started, j) {
		s.mu.Unlock()
		return
	}
	s.returning = append(s.returning, j)
	if s.tokens > 0 {
		s.pick()
	}
	s.mu.Unlock()
	<-j.turn
}

// Sleep keeps the worker.
func (m *jobModel) Sleep(ctx context.Context, d time.Duration) error { return task.Sleep(ctx, d) }

// Block keeps the worker.
func (m *jobModel) Block(ctx context.Context, fn func()) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	fn()
	return nil
}

// Yield lets the worker's other goroutines run; no other task may start.
func (m *jobModel) Yield(context.Context) { runtime.Gosched() }

// client is the server as the Executor of its own tasks: what is submitted travels to the pool, and runs on any worker.
type client server

// outcall is one call of a task's own, until its reply.
type outcall struct {
	id   uint64
	node *task.Node
	call quartet.Call
	stop func() bool
}

// SubmitCall sends c to the pool. A refusal there abandons c, with the reason.
func (x *client) SubmitCall(ctx context.Context, c quartet.Call) error {
	intake.NotNil("procpool", "SubmitCall", c)
	s := (*server)(x)
	n := task.Of(ctx, c)
	parent := n.Parent()
	if parent.Err() != nil {
		return context.Cause(parent)
	}
	body, within := callBody(parent, c.Name())
	codec := codecOf(s.codec, true, false)
	body, err := c.AppendInput(body, codec)
	if err != nil {
		return err
	}
	if len(body) > s.limit {
		return tooLarge(c.Name(), len(body), s.limit)
	}
	flags := uint8(flagExt)
	if isRaw(codec) {
		flags |= flagRaw
	}
	if f, ok := c.(interface{ Idempotent() bool }); ok && f.Idempotent() {
		flags |= flagAgain
	}
	o := &outcall{node: n, call: c}
	n.Owner, n.Host, n.Data = s, s, o
	if !n.Claim() || !claimFuture(n, c) {
		return context.Cause(n.Context())
	}
	s.mu.Lock()
	s.callID++
	o.id = s.callID
	s.calls[o.id] = o
	s.out.put(frame{typ: frameCall, flags: flags, id: o.id, body: body})
	s.mu.Unlock()
	s.watch()
	if !within && parent.Done() != nil { // else the pool sees the end of parent
		stop := context.AfterFunc(parent, func() { s.Cancelled(n) })
		s.mu.Lock()
		o.stop = stop
		s.mu.Unlock()
	}
	return nil
}

func tooLarge(name string, size, limit int) error {
	return fmt.Errorf("procpool: the input of %q is %d bytes, beyond Config.MaxFrame (%d)", name, size, limit)
}

// claimFuture makes sure that a future inside a wrapper cannot be abandoned any more, now that its call is on its way.
func claimFuture(n *task.Node, c quartet.Call) bool {
	f, ok := c.(task.Noder)
	return !ok || f.Node() == n || f.Node().Claim()
}

// callBody begins the body of a CALL. within: parent is the context of a task of this worker, or a future's below it.
func callBody(parent context.Context, name string) (body []byte, within bool) {
	x := ext{label: task.LabelOf(parent)}
	if at, ok := parent.Deadline(); ok {
		x.left = max(time.Until(at), 1)
	}
	for n := task.Enclosing(parent); n != nil; n = task.Enclosing(n.Parent()) {
		if j, ok := n.Job.(*job); ok {
			x.parent = j.id
			within = parent == j.node.Context()
			break
		}
	}
	body = appendExt(nil, x)
	body = binary.LittleEndian.AppendUint16(body, uint16(len(name)))
	return append(body, name...), within
}

// parseCall is the pool's side of callBody.
func parseCall(f frame) (x ext, name string, input []byte, err error) {
	x, rest, err := parseExt(f.body)
	if err != nil {
		return x, "", nil, err
	}
	if len(rest) < 2 || len(rest) < 2+int(binary.LittleEndian.Uint16(rest)) {
		return x, "", nil, fmt.Errorf("a CALL frame's name is cut")
	}
	n := 2 + int(binary.LittleEndian.Uint16(rest))
	return x, string(rest[2:n]), rest[n:], nil
}

// Cancelled implements task.Canceller: n's context has ended, and the pool has to know.
func (s *server) Cancelled(n *task.Node) {
	o := n.Data.(*outcall)
	s.mu.Lock()
	_, waits := s.calls[o.id]
	s.mu.Unlock()
	if waits {
		s.out.put(frame{typ: frameCancelCall, id: o.id, body: encodeError(context.Cause(n.Context()), nil)})
		s.out.flush()
	}
}

// reply ends a call of a task's own.
func (s *server) reply(f frame) {
	s.mu.Lock()
	o := s.calls[f.id]
	delete(s.calls, f.id)
	var stop func() bool
	if o != nil {
		stop = o.stop
	}
	s.mu.Unlock()
	if o == nil {
		return
	}
	if stop != nil {
		stop()
	}
	if f.arg == kindError {
		o.call.Resolve(nil, codecOf(s.codec, false, false), decodeError(f.body, context.Cause(o.node.Context())))
	} else {
		o.call.Resolve(f.body, codecOf(s.codec, f.arg == kindRaw, f.owned), nil)
	}
	o.node.End()
}

// Shutdown begins a shutdown of the pool. From inside it cannot wait for it: [quartet.ErrInside].
func (x *client) Shutdown(context.Context) error {
	s := (*server)(x)
	s.out.put(frame{typ: frameShutdown})
	s.out.flush()
	return quartet.ErrInside
}

// Close is not for tasks: it returns [quartet.ErrInside].
func (x *client) Close() error { return quartet.ErrInside }
