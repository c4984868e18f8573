package procpool

import (
	"context"
	"time"

	"github.com/quartet-go/quartet"
)

// serviceCall is the call of runService that is one process of a replica. One of Abandon and
// Resolve is called, once, and ended has room for one error: so neither waits for supervise.
type serviceCall struct {
	inner  *quartet.Func[string, struct{}]
	name   string
	ended  chan error
	record *call
}

func (c *serviceCall) Name() string { return c.inner.Name() }

// Run implements quartet.Task; the pool sends calls away instead.
func (c *serviceCall) Run(context.Context) { c.ended <- errRunHere }

func (c *serviceCall) Abandon(cause error) { c.ended <- cause }

func (c *serviceCall) AppendInput(dst []byte, codec quartet.Codec) ([]byte, error) {
	return codec.Append(dst, c.name)
}

func (c *serviceCall) Resolve(_ []byte, _ quartet.Codec, err error) { c.ended <- err }

// submitService is SubmitCall, and keeps what the pool knows of the call. Only the supervisor that
// submits it looks at record.
func (p *Pool) submitService(ctx context.Context, c *serviceCall) (err error) {
	c.record, err = p.submitRecord(ctx, c, Normal, nil)
	return err
}

// lookEvery is how often a call is looked at that is about to begin.
const lookEvery = 2 * time.Millisecond

// begins waits until c runs in a worker. It reports false when c has ended before that, or ctx has.
// No frame tells that a task has started. The ledger does, and so it is read at intervals. A worker
// without a ledger has one task at a time: then c counts as running when the worker has it, since
// nothing goes before it there.
func (p *Pool) begins(ctx context.Context, c *serviceCall) bool {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		p.in.Lock()
		w := c.record.worker
		untold := w != nil && !w.ledger
		// Not Commit: nothing has changed that would have to be settled.
		p.in.Unlock()
		if untold || w != nil && w.running() == c.record.id() {
			return true
		}
		select {
		case <-tick.C:
		case err := <-c.ended:
			// supervise reads it again, as the end of this process.
			c.ended <- err
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// bootErrorLocked returns why workers do not come up; nil: they do, or none has tried. Ready and
// awaitServing end their wait by it at the first failed start, before the breaker opens.
func (p *Pool) bootErrorLocked() error {
	switch {
	case p.stopping:
		return quartet.ErrClosed
	case p.boot.broken != nil:
		return p.boot.broken
	case p.boot.last != nil:
		return p.boot.lastErrorLocked()
	}
	return nil
}
