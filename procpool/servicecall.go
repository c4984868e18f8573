package procpool

import (
	"context"
	"time"

	"github.com/quartet-go/quartet"
)

// serviceCall is the call of runService that is one process of a replica.
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

// submitService is SubmitCall, and keeps what the pool knows of the call.
func (p *Pool) submitService(ctx context.Context, c *serviceCall) (err error) {
	c.record, err = p.submitRecord(ctx, c, Normal, nil)
	return err
}

// lookEvery is how often a call is looked at that is about to begin.
const lookEvery = 2 * time.Millisecond

// begins waits until c runs in a worker. It reports false when c has ended before that, or ctx has.
func (p *Pool) begins(ctx context.Context, c *serviceCall) bool {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		p.in.Lock()
		w := c.record.worker
		p.in.Unlock()
		if w != nil && w.running() == c.record.id() {
			return true
		}
		select {
		case <-tick.C:
		case err := <-c.ended:
			c.ended <- err
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// bootErrorLocked returns why workers do not come up; nil: they do, or none has tried.
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
