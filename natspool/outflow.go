package natspool

import (
	"context"
	"fmt"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/farerror"
	"github.com/quartet-go/quartet/internal/functions"
	"github.com/quartet-go/quartet/internal/stream"
)

// mostItem bounds an item. It travels as messages of their own, which the connections of both ends
// hold in memory.
const mostItem = 16 << 20

// outflow is the node's side of a stream. It is guarded by the node's lock. window says whether the
// function may send on; kept is for the frames that a broken connection loses. Each frameTaken
// moves both: the frames that have arrived leave kept, the items that were read leave the window.
type outflow struct {
	window stream.Window // items that the loop has not read
	taken  uint64        // those that it has
	sent   uint64        // frames
	// The window bounds it: the function waits when so much has not been read.
	kept []frame     // the last of them, which the pool may not have got
	wake func()      // the function waits for room
	told func(n int) // of an executor in another process, which keeps the function waiting
}

// streamJob is a job whose items an executor in another process brings.
type streamJob struct{ *job }

var _ functions.Reader = streamJob{}

// OnTaken implements functions.Reader.
func (j streamJob) OnTaken(told func(n int)) {
	j.node.mu.Lock()
	defer j.node.mu.Unlock()
	j.flow.told = told
}

// Receive implements functions.Reader. It changes the codec, from the executor's to the cluster's.
// An item that cannot travel cancels the function.
func (j streamJob) Receive(data []byte, from functions.Codec, err error) {
	to := &codec{raw: true}
	if err == nil {
		if f, ok := functions.Streams(j.message.name); ok {
			data, err = f.RecodeItem(nil, to, data, from)
		} else {
			err = errNoTypes
		}
	}
	if err := j.sendItem(data, to.raw, err); err != nil {
		j.cancel(err)
	}
}

// stream runs the function here, and sends what it yields.
func (j *job) stream(ctx context.Context, c *codec) error {
	f, ok := functions.Streams(j.message.name)
	if !ok {
		return fmt.Errorf("natspool: %q is a stream for its caller, and none on this node", j.message.name)
	}
	// Waiting for room goes through the model, so that a stream that waits for its reader lends its
	// slot.
	return f.Stream(ctx, c, j.input, func(data []byte, err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err = j.sendItem(data, c.raw, err)
		for err == nil && j.full() {
			err = quartet.Suspend(ctx, j.arm)
		}
		return err
	})
}

// full reports whether the loop that reads is too far behind.
func (j *job) full() bool {
	j.node.mu.Lock()
	defer j.node.mu.Unlock()
	return j.flow.window.Full()
}

// arm has resume called when the loop has caught up. The window is looked at again under the lock:
// it may have room since full.
func (j *job) arm(resume func()) {
	j.node.mu.Lock()
	if j.flow.window.Full() {
		j.flow.wake, resume = resume, nil
	}
	j.node.mu.Unlock()
	if resume != nil {
		resume()
	}
}

// sendItem sends an item, or the error in its place, in as many frames as it takes. The frames get
// their numbers and go to the outbox in one section, so they leave in order.
func (j *job) sendItem(data []byte, raw bool, err error) error {
	flags := flagIf(raw, flagRaw)
	if err != nil {
		flags, data = flagError, farerror.Encode(err, context.Cause(j.ctx))
	}
	if len(data) > mostItem {
		return fmt.Errorf("%w: an item of %q is %d bytes, and at most %d travel", ErrTooLarge, j.message.name, len(data),
			mostItem)
	}
	n, room := j.node, int(j.node.nc.MaxPayload())-messageOverhead
	n.mu.Lock()
	j.flow.window.Add(len(data))
	for first := true; first || len(data) > 0; first = false {
		piece := data[:min(len(data), room)]
		data = data[len(piece):]
		f := frame{kind: frameItem, id: j.id, n: j.flow.sent, body: piece}
		f.flags = flags | flagIf(len(data) > 0, flagMore)
		j.flow.sent++
		j.flow.kept = append(j.flow.kept, f)
		n.out.push(n.names.caller(j.caller), f)
	}
	j.saidAt = time.Now()
	n.mu.Unlock()
	// An item does not wait for others to travel with: somebody waits for it now.
	n.out.flush()
	return nil
}

// sayItemsLocked sends the items again that may have been lost.
func (j *job) sayItemsLocked() {
	if j.flow == nil {
		return
	}
	for _, f := range j.flow.kept {
		j.node.out.push(j.node.names.caller(j.caller), f)
	}
}

// takenLocked: the pool has got the first f.m frames, and its loop has read f.n items. The result
// is to be called without the lock. Numbers that are lower than the known ones are of an older
// word, and do nothing; a number of frames that were never sent is not believed.
func (j *job) takenLocked(f frame) (then func()) {
	o := j.flow
	if o == nil || f.m > o.sent {
		return func() {}
	}
	for len(o.kept) > 0 && o.kept[0].n < f.m {
		o.kept = o.kept[1:]
	}
	n := int(f.n - o.taken)
	if f.n <= o.taken || !o.window.Taken(n) { // an older word
		return func() {}
	}
	o.taken = f.n
	wake, told := o.wake, o.told
	o.wake = nil
	return func() {
		if wake != nil {
			wake()
		}
		if told != nil {
			told(n)
		}
	}
}
