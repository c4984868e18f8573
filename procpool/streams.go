package procpool

import (
	"context"
	"fmt"

	"github.com/quartet-go/quartet/internal/functions"
	"github.com/quartet-go/quartet/internal/stream"
	"github.com/quartet-go/quartet/procpool/internal/codec"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// streams prepares c, which has not been submitted, for a result that comes item by item. The
// reader calls the function without a lock, on the goroutine of the loop that takes the items.
func (p *Pool) streams(c *call, reader functions.Reader) {
	c.reader, c.items = reader, &stream.Window{}
	reader.OnTaken(func(n int) {
		p.in.Lock()
		defer p.in.Commit()
		_ = p.takenLocked(c, n)
	})
}

// takenLocked tells c's worker that n more of its items have been taken. Its error is for a TAKEN
// frame of a worker that reads a stream: this process's own reader counts right. Without a worker,
// c has ended or waits for one, and nobody has to be told.
func (p *Pool) takenLocked(c *call, n int) error {
	if !c.items.Taken(n) {
		return fmt.Errorf("TAKEN counts %d items, which are more than there are", n)
	}
	if c.worker != nil {
		c.worker.out.push(wire.Frame{Type: wire.Taken, ID: c.id(), Arg: uint16(n)})
	}
	return nil
}

// itemLocked handles ITEM: the next item of c's result. A worker that does not wait for the reader
// is at fault: what it sends would fill the pool's memory.
func (p *Pool) itemLocked(w *worker, c *call, f wire.Frame) (errand, error) {
	o := outcome{call: c, output: f.Body, owned: f.Owned}
	switch err := w.contentLocked(&o, f); {
	case err != nil:
		return errand{}, err
	case c.items == nil:
		return errand{}, fmt.Errorf("ITEM is of task %d, whose caller takes one result", c.id())
	case c.items.Full():
		return errand{}, fmt.Errorf("an ITEM of task %d does not wait until others have been taken", c.id())
	}
	// A body in shared memory counts by its own size, and not by the 16 bytes in the frame.
	c.items.Add(max(len(f.Body), int(o.place.Size)))
	c.again = false // somebody has seen a part of the result
	return errand{ended: o, goesOn: true}, nil
}

// deliver hands an item to its reader, which is a user's code as far as it decodes. run calls it
// without the lock, before the call's end, and never at the same time for two items of a call.
func (p *Pool) deliver(o outcome) {
	if o.far {
		o.err, o.output = wire.DecodeError(o.output, context.Cause(o.call.node.Context())), nil
	}
	p.in.Guard(func() { o.call.reader.Receive(o.output, codec.Of(p.codec, o.raw, o.owned), o.err) })
}

// Receive implements functions.Reader: the item goes on to the worker whose task reads the stream.
// The worker that makes the items waits for TAKEN from the one that reads them, so at most a window
// of items is here.
func (r *remote) Receive(item []byte, c functions.Codec, err error) { r.send(wire.Item, item, c, err) }

// OnTaken implements functions.Reader. The worker's TAKEN is the pool's to handle.
func (r *remote) OnTaken(func(int)) {}
