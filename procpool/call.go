package procpool

import (
	"context"
	"errors"
	"time"

	"github.com/quartet-go/quartet/procpool/internal/codec"
	"github.com/quartet-go/quartet/procpool/internal/wire"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/functions"
	"github.com/quartet-go/quartet/internal/propagate"
	"github.com/quartet-go/quartet/internal/stream"
	"github.com/quartet-go/quartet/internal/task"
)

// call is what the pool knows of one accepted call, from its submit to its end: it is the Data of
// its node. The fields before the pool's lock is named are written before the hand-over, and then
// only read, but for input, until and again: the lock guards these from the hand-over on.
type call struct {
	node     *task.Node
	given    quartet.Call // as it was submitted
	raw      bool
	small    [24]byte // of input
	input    []byte   // kept until the end: a worker that dies may leave it to another
	fn       uint16
	deadline time.Time
	until    time.Time // when it has waited too long for a worker; zero: never
	label    string
	values   []propagate.Value // of quartet.Propagate
	again    bool              // it is idempotent
	inner    *task.Node        // the future's that a wrapper has put on its way; nil: none
	key      *key              // nil: none
	reader   functions.Reader  // takes its items; nil: its result is one value

	// Guarded by the pool's lock.
	worker  *worker // which has it; nil: none
	stage   stage
	comer   comer // its submitter
	watch   *ctxWatch
	trouble *trouble       // nil: none so far
	items   *stream.Window // sent by its worker, and not taken; nil: none may come

	// The tree of calls that tasks have made: descendantLocked walks it. A call is among its
	// parent's kids from submitRemote to remote.Resolve; next and prev link the kids of one parent.
	remote *remote // when a task made it
	kids   *call   // the unfinished calls that this one has made
	next   *call
	prev   *call
}

// trouble is what few calls know. A look under RunTimeout or KillCancelled makes it, and bury: for
// most calls it stays one nil word.
type trouble struct {
	startedAt time.Time // when a look has first seen it run, in this worker
	stopAt    time.Time // when it is killed
	overdue   bool      // it has been cancelled for Config.RunTimeout
	deaths    int       // of workers while it ran
	losses    int       // of workers in which it had started
}

// inTroubleLocked returns c's trouble, which it makes where there is none. Only calls that may have
// started in a worker come here.
func (c *call) inTroubleLocked() *trouble {
	if c.trouble == nil {
		c.trouble = &trouble{}
	}
	return c.trouble
}

// id is the task's number on the wire: that of its acceptance, so it is never 0, and the lower of
// two is the elder.
func (c *call) id() uint64 { return c.node.Seq }

// adoptLocked notes k as a call that c's task has made. The latest comes first, so it is the first
// that descendantLocked finds.
func (c *call) adoptLocked(k *call) {
	k.next = c.kids
	if c.kids != nil {
		c.kids.prev = k
	}
	c.kids = k
}

// disownLocked undoes adoptLocked. A k that is in no list stays so.
func (c *call) disownLocked(k *call) {
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

// host is the pool as the Host of its nodes: package quartet tells it that the context of a started
// call has ended. It is a type of its own, so that Cancelled is no method of Pool.
type host Pool

var _ task.Canceller = (*host)(nil)

// Cancelled implements task.Canceller. It is called without a lock, on the goroutine that has
// cancelled.
func (h *host) Cancelled(n *task.Node) { (*Pool)(h).cancelled(n.Data.(*call)) }

// cancelled tells c's worker that c's context has ended, or ends c where no worker has it. A call
// in the intake's queue is abandoned by the intake. One that a worker has ends by the answer of the
// worker, or with the worker: CANCEL only asks.
func (p *Pool) cancelled(c *call) {
	cause := context.Cause(c.node.Context())
	if cause == nil {
		return
	}
	// Before the lock: the methods of an error are user code.
	body := wire.EncodeError(cause, nil)
	p.in.Lock()
	defer p.in.Commit()
	switch {
	case c.worker != nil:
		c.worker.out.pushUrgent(wire.Frame{Type: wire.Cancel, ID: c.id(), Body: body})
	case c.stage == requeued:
		p.giveUpLocked(c, cause)
	}
}

// giveUpLocked ends a call that waits in resend. The stage ending keeps a second cancellation from
// ending it again.
func (p *Pool) giveUpLocked(c *call, cause error) {
	p.unqueueLocked(c)
	c.toLocked(ending)
	p.in.AfterLocked(func() { p.end([]outcome{{call: c, err: cause}}) })
}

// outcome is how a call ended. output is a frame's body: unless it is owned it is valid until the
// reader is asked for room again.
type outcome struct {
	call   *call
	output []byte
	place  wire.Place // of output, where it lies in shared memory still
	raw    bool
	owned  bool // output
	far    bool // output is an error on the wire
	err    error
}

// end resolves calls that have been taken from their worker, and gives their nodes back. It is
// called without the lock: by whoever has read results, by bury, or as an effect. Nobody else may
// end these calls, as no worker and no queue has them any more.
func (p *Pool) end(outcomes []outcome) {
	if len(outcomes) == 0 {
		return
	}
	for _, o := range outcomes {
		if o.far {
			o.err, o.output = wire.DecodeError(o.output, context.Cause(o.call.node.Context())), nil
		}
		p.observePanic(o.err)
		if o.err != nil { // before Resolve, which publishes the outcome
			o.call.node.Fail()
		}
		// The output is decoded here, into the user's type. A panic of its methods must not end the
		// reader.
		p.in.Guard(func() { o.call.given.Resolve(o.output, codec.Of(p.codec, o.raw, o.owned), o.err) })
		o.call.node.End()
	}
	p.in.Lock()
	// One section for all of them. Futures have ended before, so who awaits one may be ahead of
	// Stats.
	for _, o := range outcomes {
		p.unwatchLocked(o.call)
		// The record lives as long as the future's node; the input need not.
		o.call.input = nil
		p.in.EndLocked(o.call.node)
	}
	p.dispatchLocked()
	p.in.Commit()
}

// observePanic shows OnPanic what a future will carry. The panic was in the worker, so nobody here
// has recovered it.
func (p *Pool) observePanic(err error) {
	if p.cfg.OnPanic == nil || err == nil {
		return
	}
	p.in.Guard(func() {
		if pe := (*quartet.PanicError)(nil); errors.As(err, &pe) || err == quartet.ErrGoexit {
			p.cfg.OnPanic(err)
		}
	})
}
