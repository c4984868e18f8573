package procpool

import (
	"context"
	"errors"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// call is what the pool knows of one accepted call, from its submit to its end: it is the Data of its node.
type call struct {
	node     *task.Node
	call     quartet.Call
	raw      bool
	small    [24]byte // of input
	input    []byte   // kept until the end: a worker that dies may leave it to another
	fn       uint16
	deadline time.Time
	until    time.Time // when it has waited too long for a worker; zero: never
	label    string
	key      *key // nil: none

	// Guarded by the pool's lock.
	worker    *worker // where it is
	joined    bool    // its submitter is about to wait for it
	waiting   bool    // it is in resend
	suspended bool    // it waits, in its worker
	begun     bool    // it has waited there, so it has started
	watch     *ctxWatch
	trouble   *trouble // nil: none so far

	remote *remote // when a task made it
	kids   *call   // the unfinished calls that this one has made
	next   *call
	prev   *call
}

// trouble is what few calls know.
type trouble struct {
	startedAt time.Time // when a look has first seen it run, in this worker
	stopAt    time.Time // when it is killed
	overdue   bool      // it has been cancelled for Config.RunTimeout
	deaths    int       // of workers while it ran
	losses    int       // of workers in which it had started
}

// inTrouble is locked.
func (c *call) inTrouble() *trouble {
	if c.trouble == nil {
		c.trouble = &trouble{}
	}
	return c.trouble
}

func (c *call) id() uint64 { return c.node.Seq }

// adopt is locked: k is a call that c's task has made.
func (c *call) adopt(k *call) {
	k.next = c.kids
	if c.kids != nil {
		c.kids.prev = k
	}
	c.kids = k
}

// disown is locked.
func (c *call) disown(k *call) {
	if k.prev != nil {
		k.prev.next = k.next
	} else if c.kids == k {
		c.kids = k.next
	}
	if k.next != nil {
		k.next.prev = k.prev
	}
	k.next, k.prev = nil, nil
}

// remote is a call that a task of a worker has made, as a Call of the pool's: its result goes back to that worker.
type remote struct {
	pool   *Pool
	from   *worker
	id     uint64 // its number there
	name   string
	again  bool // it is idempotent
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
	if r.parent != nil {
		r.parent.disown(r.record)
	}
	p.in.Unlock()
	f := frame{typ: frameReply, id: r.id, arg: kindOutput}
	if err != nil {
		f.arg, f.body = kindError, encodeError(err, context.Cause(r.record.node.Context()))
	} else {
		f.body = append([]byte(nil), output...)
		if isRaw(c) {
			f.arg = kindRaw
		}
	}
	r.from.out.push(f)
}

// Cancelled is for package quartet alone, which tells the pool by it that the context of a started call has ended.
func (p *Pool) Cancelled(n *task.Node) {
	c := n.Data.(*call)
	cause := context.Cause(n.Context())
	if cause == nil {
		return
	}
	body := encodeError(cause, nil)
	p.in.Lock()
	defer p.in.Unlock()
	switch {
	case c.worker != nil:
		c.worker.out.pushUrgent(frame{typ: frameCancel, id: c.id(), body: body})
	case c.waiting:
		p.giveUp(c, cause)
	}
}

// giveUp is locked: a call that waits in resend ends.
func (p *Pool) giveUp(c *call, cause error) {
	p.unqueue(c)
	p.in.After(func() { p.end([]outcome{{call: c, err: cause}}) })
}

// outcome is how a call ended.
type outcome struct {
	call   *call
	output []byte
	raw    bool
	owned  bool // output
	err    error
}

// end resolves calls that have been taken from their worker, and gives their nodes back.
func (p *Pool) end(outcomes []outcome) {
	if len(outcomes) == 0 {
		return
	}
	for _, o := range outcomes {
		p.observePanic(o.err)
		p.in.Guard(func() { o.call.call.Resolve(o.output, codecOf(p.codec, o.raw, o.owned), o.err) })
		if o.err != nil {
			o.call.node.Failed = true
		}
		o.call.node.End()
	}
	p.in.Lock()
	for _, o := range outcomes {
		p.unwatch(o.call)
		o.call.input = nil
		p.in.End(o.call.node)
	}
	p.dispatch()
	p.in.Unlock()
}

// observePanic shows OnPanic what a future will carry.
func (p *Pool) observePanic(err error) {
	if p.cfg.OnPanic == nil || err == nil {
		return
	}
	if pe := (*quartet.PanicError)(nil); errors.As(err, &pe) || err == quartet.ErrGoexit {
		p.cfg.OnPanic(err)
	}
}
