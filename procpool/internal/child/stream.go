package child

import (
	"context"
	"fmt"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool/internal/codec"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// emit sends an item of j's result. Where the reader is too far behind it waits, as j's task.
//
// It runs on the goroutine of the function, which calls it for each item. The item is copied or
// written when put returns, so the function's encoder may use its memory again. The window is
// counted before the item is sent: a TAKEN for it may be handled at once. An error ends the
// function's iterator, and becomes the RESULT.
func (j *job) emit(ctx context.Context, item []byte, form quartet.Codec, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	f := wire.Frame{Type: wire.Item, ID: j.id, Arg: wire.KindOutput, Body: item}
	switch {
	case err != nil:
		f.Arg, f.Body = wire.KindError, wire.EncodeError(err, context.Cause(j.node.Context()))
	case codec.IsRaw(form):
		f.Arg = wire.KindRaw
	}
	s := j.server
	if len(f.Body) > s.limit {
		return fmt.Errorf("procpool: an item of %q is %d bytes, beyond Config.MaxFrame (%d)", j.name, len(f.Body),
			s.limit)
	}
	s.mu.Lock()
	j.items.Add(len(f.Body))
	s.mu.Unlock()
	s.out.put(f)
	// A loop, since a wake-up says only that something was taken. While it waits, other tasks below
	// this one may use the token.
	for j.full() {
		if err := quartet.Suspend(ctx, j.arm); err != nil {
			return err
		}
	}
	return nil
}

// full reports whether j has to wait for its reader. See stream.Window for the bounds, which the
// pool checks: a worker that goes beyond them is killed.
func (j *job) full() bool {
	j.server.mu.Lock()
	defer j.server.mu.Unlock()
	return j.items.Full()
}

// arm has resume called when the reader has caught up.
//
// It looks once more under the lock: a TAKEN between full and arm would otherwise be missed, and
// the writer would wait for ever. One wait at a time is armed, as one goroutine writes a stream.
func (j *job) arm(resume func()) {
	s := j.server
	s.mu.Lock()
	if j.items.Full() {
		j.wake, resume = resume, nil
	}
	s.mu.Unlock()
	if resume != nil {
		resume()
	}
}

// taken handles TAKEN: the reader of a task's items has caught up, unless the task has ended
// meanwhile.
//
// It runs on the goroutine that reads. Only started tasks are looked at; a TAKEN of one that has
// ended means nothing, as PROTOCOL.md says. resume is called without the lock: it may wake a
// goroutine that wants the lock.
func (s *server) taken(id uint64, n int) error {
	s.mu.Lock()
	var wake func()
	for _, j := range s.started {
		if j.id != id {
			continue
		}
		if !j.items.Taken(n) {
			s.mu.Unlock()
			return fmt.Errorf("TAKEN counts %d items of task %d, which are more than there are", n, id)
		}
		wake, j.wake = j.wake, nil
	}
	s.mu.Unlock()
	if wake != nil {
		wake()
	}
	return nil
}

// item hands an item of a call's result to the call's reader.
//
// It runs on the goroutine that reads. So items are handed over in their order, and before the
// REPLY. Receive does not block: the reader's inbox has no bound, but the pool sends no more than a
// window. The reader keeps no part of f.Body that is not Owned, because it decodes at once.
func (s *server) item(f wire.Frame) {
	s.mu.Lock()
	o := s.calls[f.ID]
	s.mu.Unlock()
	if o == nil || o.reader == nil {
		return
	}
	if f.Arg == wire.KindError {
		o.reader.Receive(nil, nil, wire.DecodeError(f.Body, context.Cause(o.node.Context())))
		return
	}
	o.reader.Receive(f.Body, codec.Of(s.codec, f.Arg == wire.KindRaw, f.Owned), nil)
}

// tell sends TAKEN for a call of a task's own. It is called by the loop that reads the stream, on
// that loop's goroutine. It flushes, since the writer may be waiting for it.
func (s *server) tell(id uint64, n int) {
	s.out.put(wire.Frame{Type: wire.Taken, ID: id, Arg: uint16(n)})
	s.out.flush()
}
