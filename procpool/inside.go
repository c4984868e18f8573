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
// to that worker.
type remote struct {
	pool   *Pool
	from   *worker
	id     uint64 // its number there
	name   string
	again  bool // it is idempotent
	ext    wire.Ext
	record *call
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

// Resolve sends the result on as it has come.
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

// sizeLocked returns what the call's input takes, with what the pool keeps of it.
func (r *remote) sizeLocked() int { return len(r.record.input) + len(r.name) }

// reply sends the worker the outcome of the call.
func (r *remote) reply(output []byte, c quartet.Codec, err error) { r.send(wire.Reply, output, c, err) }

func (r *remote) send(kind wire.Type, output []byte, c quartet.Codec, err error) {
	f := wire.Frame{Type: kind, ID: r.id, Arg: wire.KindOutput}
	if err != nil {
		var cause error
		if r.record.node != nil {
			cause = context.Cause(r.record.node.Context())
		}
		f.Arg, f.Body = wire.KindError, wire.EncodeError(err, cause)
	} else {
		f.Body = append([]byte(nil), output...)
		if codec.IsRaw(c) {
			f.Arg = wire.KindRaw
		}
	}
	if clogged := r.from.out.pushBounded(f, 2*r.pool.cfg.MaxFrame+slackOfFrame); clogged {
		r.from.kill(fmt.Errorf("%w: it does not read the replies to its calls", ErrProtocol))
	}
}

// calledLocked handles a CALL: a task of w calls a function of its own.
func (p *Pool) calledLocked(w *worker, f wire.Frame) (errand, error) {
	x, name, input, err := wire.ParseCall(f)
	if err != nil {
		return errand{}, err
	}
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
		if w.refused++; w.refused > mostRefused {
			return errand{}, fmt.Errorf("of its CALLs %d had to be refused", w.refused)
		}
		return errand{submit: r, refuse: err}, nil
	}
	w.made[r.id] = r
	w.madeBytes += r.sizeLocked()
	return errand{submit: r}, nil
}

// wildLocked reports whether w has made more calls than the pool keeps for one worker.
func (p *Pool) wildLocked(w *worker, r *remote) bool {
	return len(w.made) >= mostMade || w.madeBytes+r.sizeLocked() > 2*p.cfg.MaxFrame+slackOfFrame
}

// learnLocked returns the number of a function that a task of w calls. Workers cannot fill the
// table of names, which has to serve this process too.
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
func (p *Pool) submitRemote(r *remote) {
	c, ctx := r.record, context.Background()
	label := ""
	if r.parent != nil {
		ctx, label = r.parent.node.Context(), r.parent.label
	}
	if r.ext.Label != label {
		ctx = quartet.Label(ctx, r.ext.Label)
	}
	if r.ext.Left > 0 {
		c.deadline = time.Now().Add(r.ext.Left)
		ctx = wire.WithDeadline(ctx, c.deadline)
	}
	n := task.Of(ctx, r)
	n.Data = c
	p.in.Lock()
	c.node = n
	if r.parent != nil {
		r.parent.adoptLocked(c)
	}
	p.in.Commit()
	if err := p.in.SubmitExempt(n); err != nil {
		r.Abandon(err)
	}
}
