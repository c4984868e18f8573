package procpool

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
	"github.com/quartet-go/quartet/procpool/internal/codec"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// Bounds of the calls that the tasks of one worker make. They are far beyond what a program has use
// for: they keep a worker that has gone wild from taking the pool's memory.
const (
	mostMade     = 65_536 // calls that have not ended
	mostRefused  = 65_536 // calls beyond mostMade, until the worker is killed
	mostNames    = 512    // names of functions that only this worker has spoken of
	mostLearned  = 4_096  // names that any worker has
	maxName      = 1 << 10
	slackOfFrame = 64 << 20 // with Config.MaxFrame twice: bytes of inputs that wait, and of replies that are not read
)

// remote is a call that a task of a worker has made, as a Call of the pool's: its result goes back
// to that worker. The pool treats it as any other call, and Resolve or Abandon sends REPLY.
type remote struct {
	pool  *Pool
	from  *worker
	id    uint64 // its number there
	name  string
	again bool // it is idempotent
	ext   wire.Ext
	// The record has no node until submitRemote has run; that of a refused call never has one.
	record *call
	// Tag 4 of the CALL's ext block names parent: the worker says so, of a task that it holds.
	parent *call // nil: its task has ended
}

var errRunHere = errors.New("procpool: a worker's call cannot run here")

func (r *remote) Name() string { return r.name }

// Idempotent reports what the worker said of the function.
func (r *remote) Idempotent() bool { return r.again }

// Run implements quartet.Task; the pool sends calls away instead.
func (r *remote) Run(context.Context) { r.Resolve(nil, nil, errRunHere) }

// AppendInput appends nothing: the input has arrived encoded.
func (r *remote) AppendInput(dst []byte, _ quartet.Codec) ([]byte, error) { return dst, nil }

func (r *remote) Abandon(cause error) { r.Resolve(nil, nil, cause) }

// Resolve sends the result on as it has come. The pool calls it once, without the lock. The number
// is given up before REPLY goes, since the worker may use it again at once. If the worker is dead,
// its sender drops the frame.
func (r *remote) Resolve(output []byte, c quartet.Codec, err error) {
	p := r.pool
	p.in.Lock()
	delete(r.from.made, r.id)
	r.from.madeBytes -= r.sizeLocked()
	if r.parent != nil {
		r.parent.disownLocked(r.record)
	}
	p.in.Commit()
	r.reply(output, c, err)
}

// sizeLocked returns what the call's input takes, with what the pool keeps of it. end drops the
// input only after Resolve, so madeBytes grows and falls by the same number.
func (r *remote) sizeLocked() int { return len(r.record.input) + len(r.name) }

// reply sends the worker the outcome of the call. A REPLY also ends a stream; its output is empty
// then.
func (r *remote) reply(output []byte, c quartet.Codec, err error) { r.send(wire.Reply, output, c, err) }

// send writes a REPLY or an ITEM of the call.
func (r *remote) send(kind wire.Type, output []byte, c quartet.Codec, err error) {
	f := wire.Frame{Type: kind, ID: r.id, Arg: wire.KindOutput}
	if err != nil {
		var cause error
		if r.record.node != nil {
			cause = context.Cause(r.record.node.Context())
		}
		f.Arg, f.Body = wire.KindError, wire.EncodeError(err, cause)
	} else {
		// A copy: output may lie in the buffer of the reader that has brought it.
		f.Body = append([]byte(nil), output...)
		if codec.IsRaw(c) {
			f.Arg = wire.KindRaw
		}
	}
	// kill takes no lock of the pool's, so whoever resolves may call it.
	if clogged := r.from.out.pushBounded(f, 2*r.pool.cfg.MaxFrame+slackOfFrame); clogged {
		r.from.kill(fmt.Errorf("%w: it does not read the replies to its calls", ErrProtocol))
	}
}

// calledLocked handles a CALL: a task of w calls a function of its own. The input is copied out of
// the reader's buffer, as it may wait in the queue for long. A refusal is a REPLY with an error: it
// costs the call, and not the worker.
func (p *Pool) calledLocked(w *worker, f wire.Frame) (errand, error) {
	x, name, input, err := wire.ParseCall(f)
	if err != nil {
		return errand{}, err
	}
	// A REPLY could not say which of them it answers.
	if w.made[f.ID] != nil {
		return errand{}, fmt.Errorf("two CALLs have the number %d", f.ID)
	}
	r := &remote{
		pool: p, from: w, id: f.ID, name: name, again: f.Flags&wire.FlagAgain != 0, ext: x,
		parent: w.calls[x.Parent],
	}
	r.record = &call{
		given: r, input: append([]byte(nil), input...), raw: f.Flags&wire.FlagRaw != 0, label: x.Label,
		values: x.Values, again: r.again, remote: r,
	}
	if f.Flags&wire.FlagStream != 0 {
		p.streams(r.record, r)
	}
	if r.record.fn, err = p.learnLocked(w, name); err == nil && p.wildLocked(w, r) {
		err = fmt.Errorf("%w: the tasks of one worker have made too many calls that have not ended",
			quartet.ErrSaturated)
	}
	if err != nil {
		// Each refusal costs a REPLY. A worker that does not learn from the first ones is at fault.
		if w.refused++; w.refused > mostRefused {
			return errand{}, fmt.Errorf("of its CALLs %d had to be refused", w.refused)
		}
		return errand{submit: r, refuse: err}, nil
	}
	// Until Resolve the number is taken, and CANCELCALL and TAKEN find the call by it.
	w.made[r.id] = r
	w.madeBytes += r.sizeLocked()
	return errand{submit: r}, nil
}

// wildLocked reports whether w has made more calls than the pool keeps for one worker. Names count,
// too: a worker may send long ones.
func (p *Pool) wildLocked(w *worker, r *remote) bool {
	return len(w.made) >= mostMade || w.madeBytes+r.sizeLocked() > 2*p.cfg.MaxFrame+slackOfFrame
}

// learnLocked returns the number of a function that a task of w calls. Workers cannot fill the
// table of names, which has to serve this process too. Names are never forgotten, as all workers
// know them by number.
func (p *Pool) learnLocked(w *worker, name string) (uint16, error) {
	if number, ok := p.numbers.Load(name); ok {
		return number.(uint16), nil
	}
	if w.learned >= mostNames || p.learned >= mostLearned {
		return 0, fmt.Errorf("procpool: %.100q is one function too many that only workers know of", name)
	}
	number, err := p.newNumberLocked(name)
	if err == nil {
		w.learned++
		p.learned++
	}
	return number, err
}

// submitRemote hands a worker's call over to the pool, under the context of the task that made it.
// It is an errand of the reader, so it must not wait for room: only the results that the reader
// brings make room.
func (p *Pool) submitRemote(r *remote) {
	c, ctx := r.record, context.Background()
	label := ""
	// A call of a task that has ended runs under no context of the pool's.
	if r.parent != nil {
		ctx, label = r.parent.node.Context(), r.parent.label
	}
	// ctx has the label of the calling task. The call may have another one, or none.
	if r.ext.Label != label {
		ctx = quartet.Label(ctx, r.ext.Label)
	}
	if r.ext.Left > 0 {
		// It is shown to the task and ends nothing: the calling worker sends CANCELCALL when its
		// context ends.
		c.deadline = time.Now().Add(r.ext.Left)
		ctx = wire.WithDeadline(ctx, c.deadline)
	}
	n := task.Of(ctx, r)
	n.Data = c
	// Before the hand-over, after which the call may end on another goroutine at any time.
	p.in.Lock()
	c.node = n
	if r.parent != nil {
		r.parent.adoptLocked(c)
	}
	p.in.Commit()
	if err := p.in.SubmitExempt(n); err != nil {
		// The task has its future already, so the refusal travels as the error of that.
		r.Abandon(err)
	}
}
