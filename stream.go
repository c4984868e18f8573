package quartet

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/quartet-go/quartet/internal/functions"
	"github.com/quartet-go/quartet/internal/stream"
	"github.com/quartet-go/quartet/internal/task"
)

// streaming holds the types of a Func whose Out is an iter.Seq2[T, error]: such a function streams
// its result. Package iter has no constraint that splits that type, so reflection handles each
// item. It is made once for a Func; nil is the common case.
type streaming struct {
	seq   reflect.Type // iter.Seq2[T, error]
	yield reflect.Type // func(T, error) bool
	item  reflect.Type // T
}

// streamingOf returns nil where out is no iter.Seq2[T, error].
func streamingOf(out reflect.Type) *streaming {
	if out.Kind() != reflect.Func || out.NumIn() != 1 || out.NumOut() != 0 || out.IsVariadic() {
		return nil
	}
	y := out.In(0)
	if y.Kind() != reflect.Func || y.NumIn() != 2 || y.NumOut() != 1 || y.Out(0).Kind() != reflect.Bool ||
		y.In(1) != reflect.TypeFor[error]() {
		return nil
	}
	return &streaming{seq: out, yield: y, item: y.In(0)}
}

// checkResult is checkTravel for a result, or for the items of one.
func checkResult(out reflect.Type) error {
	if s := streamingOf(out); s != nil {
		return checkTravel(s.item)
	}
	if out.Kind() == reflect.Func && out.CanSeq() {
		return fmt.Errorf("%s does not travel: a stream is an iter.Seq2[T, error]", out)
	}
	return checkTravel(out)
}

// feed runs a function's sequence until write returns an error, which feed returns. A function may
// go on after a false: its next item then gets the same answer.
func (s *streaming) feed(seq reflect.Value, write func(item reflect.Value, err error) error) (stopped error) {
	if seq.IsNil() {
		return nil
	}
	yield := reflect.MakeFunc(s.yield, func(args []reflect.Value) []reflect.Value {
		err, _ := args[1].Interface().(error)
		if err != nil {
			args[0] = reflect.Zero(s.item) // as on the wire
		}
		stopped = write(args[0], err)
		return []reflect.Value{reflect.ValueOf(stopped == nil)}
	})
	seq.Call([]reflect.Value{yield})
	return stopped
}

// sequence returns an iter.Seq2[T, error] for which read yields.
func (s *streaming) sequence(read func(yield func(item reflect.Value, err error) bool)) any {
	return reflect.MakeFunc(s.seq, func(args []reflect.Value) []reflect.Value {
		read(func(item reflect.Value, err error) bool {
			failed := reflect.Zero(s.yield.In(1))
			if err != nil {
				item, failed = reflect.Zero(s.item), reflect.ValueOf(err)
			}
			return args[0].Call([]reflect.Value{item, failed})[0].Bool()
		})
		return nil
	}).Interface()
}

// stream returns the sequence of a call of f on ex: the call is made when somebody ranges over it.
// Each loop over the sequence is a new call, so nothing of the first is kept here.
func (f *Func[In, Out]) stream(ctx context.Context, ex Executor, in In) Out {
	return f.streaming.sequence(func(yield func(reflect.Value, error) bool) {
		newStreamCall(f, in).read(ctx, ex, yield)
	}).(Out)
}

// ended returns a future that has ended with v.
func ended[T any](v T) *Future[T] {
	f := &Future[T]{}
	f.node.Job = (*futureTask[T])(f)
	f.settle(v, nil)
	return f
}

// Streams implements functions.Streaming.
func (n *named[In, Out]) Streams() bool { return n.streaming != nil }

// Stream implements functions.Streaming.
func (n *named[In, Out]) Stream(ctx context.Context, codec functions.Codec, input []byte,
	emit func(item []byte, err error) error,
) error {
	f := (*Func[In, Out])(n)
	c := f.chosen(codec)
	var in In
	if err := c.Decode(input, &in); err != nil {
		return fmt.Errorf("quartet: decoding the input of %q: %w", f.name, err)
	}
	seq, err := f.Local(ctx, in)
	if err != nil {
		return err
	}
	return f.streaming.feed(reflect.ValueOf(seq), func(item reflect.Value, err error) error {
		if err != nil {
			return emit(nil, err)
		}
		data, err := f.streaming.append(c, item)
		if err != nil {
			return fmt.Errorf("quartet: encoding an item of %q: %w", f.name, err)
		}
		return emit(data, nil)
	})
}

// RecodeItem implements functions.Streaming.
func (n *named[In, Out]) RecodeItem(dst []byte, to functions.Codec, data []byte, from functions.Codec) ([]byte, error) {
	f := (*Func[In, Out])(n)
	item, err := f.streaming.decode(f.chosen(from), data)
	if err != nil {
		return dst, fmt.Errorf("quartet: decoding an item of %q: %w", f.name, err)
	}
	encoded, err := f.streaming.append(f.chosen(to), item)
	if err != nil {
		return dst, fmt.Errorf("quartet: encoding an item of %q: %w", f.name, err)
	}
	return append(dst, encoded...), nil
}

// append is appendTo for an item.
func (s *streaming) append(c Codec, item reflect.Value) ([]byte, error) {
	if s.item.Kind() == reflect.Interface {
		if c, ok := c.(anyAppender); ok {
			return c.AppendAny(nil, item.Interface())
		}
	}
	return c.Append(nil, item.Interface())
}

// decode is the far side of append.
func (s *streaming) decode(c Codec, data []byte) (reflect.Value, error) {
	p := reflect.New(s.item)
	err := c.Decode(data, p.Interface())
	return p.Elem(), err
}

// errStreamLeft is the cause with which a call is cancelled whose reader has left the loop.
var errStreamLeft = errors.New("quartet: the loop over a stream ended early")

// streamCall is one call of a Func that streams its result: a call whose future ends when the
// function's sequence has, and the items on their way from that to the loop which reads them.
//
// The writer is the task in this process, or the executor that receives items from another one. It
// is at most a stream.Window ahead of the reader. In a task it waits by Suspend, as every task
// does.
//
// Three goroutines may meet here: the loop's, the writer's, and one that cancels. inbox, window and
// the node each have a lock of their own, and no two of these are held together.
type streamCall[In, Out any] struct {
	call[In, Out]
	own   task.Ctx
	inbox inbox[streamed] // read by the loop alone
	// It gathers items before it tells the writer, so that a reader of small items does not wake
	// the writer for each.
	tally stream.Tally // of the loop
	// taken for a writer in this process; OnTaken sets another for one elsewhere, before the first
	// item.
	told func(n int) // hears of the items that the loop has taken

	// While the submit runs, the task may run within it, on the loop's own goroutine: see write.
	calling atomic.Bool                     // the submit has not returned
	yield   func(reflect.Value, error) bool // of the loop, for a writer on the same goroutine
	// left and fault are written by the loop's own goroutine only, in writeDirectly, which runs on
	// it.
	left  bool // that one's loop has ended
	fault any  // the panic with which it did

	// mu guards the fields below. wake is called after it was released.
	mu     sync.Mutex
	window stream.Window
	wake   func() // the writer waits
}

// streamed is an item, the error in its place, or the end.
type streamed struct {
	item reflect.Value
	err  error
	size int
	end  bool
}

func newStreamCall[In, Out any](f *Func[In, Out], in In) *streamCall[In, Out] {
	c := &streamCall[In, Out]{}
	c.f, c.in, c.told = f, in, c.taken
	return c
}

// read makes the call and yields its items. It returns when the call has ended. Its deferred part
// runs when the loop is left in any way, a panic of the body included: the call is cancelled and
// joined first.
func (c *streamCall[In, Out]) read(ctx context.Context, ex Executor, yield func(reflect.Value, error) bool) {
	inner, cancel := context.WithCancelCause(ctx)
	defer func() {
		cancel(errStreamLeft)
		_ = c.join(context.WithoutCancel(ctx))
	}()
	c.node.Init(&c.own, inner, c)
	// The end comes through the same inbox as the items, and so behind all of them.
	c.OnDone(func() { c.inbox.put(streamed{end: true}) })
	c.submit(ex, yield)
	stuck := func() bool { return allHeldBy(ctx, slices.Values([]*Future[Out]{&c.Future})) }
	// An error of take ends the loop; the deferred part then cancels and joins, so no call outlives
	// it.
	for !c.left {
		s, err := c.inbox.take(ctx, stuck)
		switch {
		case err != nil:
			yield(s.item, err)
			return
		case s.end:
			if err := c.end(ctx); err != nil {
				yield(s.item, err)
			}
			return
		case !yield(s.item, s.err):
			return
		}
		// Told after the body has had the item: an item that is being worked on still counts
		// against the window.
		if n := c.tally.Take(s.size); n > 0 {
			c.told(n)
		}
	}
}

// end is the error of the last pair; nil: there is none. A function that returns when ctx ends may
// have more to say, so that is an end by ctx. outcome also marks a panic as seen.
func (c *streamCall[In, Out]) end(ctx context.Context) error {
	_, err := c.outcome()
	if ctx.Err() != nil && (err == nil || onlyCancelled(err, ctx)) {
		err = context.Cause(ctx)
	}
	return err
}

// submit hands the call over. Where the task runs within it, on this goroutine, that yields by
// itself. fault is the panic of the loop's body; it crosses the executor as an error, and goes on
// here.
func (c *streamCall[In, Out]) submit(ex Executor, yield func(reflect.Value, error) bool) {
	c.yield = yield
	// Before the submit, which may run the task; off after it, so that a task which runs later
	// waits as tasks do.
	c.calling.Store(true)
	err := ex.SubmitCall(c.node.Context(), c)
	c.calling.Store(false)
	if c.fault != nil {
		panic(c.fault)
	}
	if err != nil {
		c.Abandon(err)
	}
}

// Run implements Task.
func (c *streamCall[In, Out]) Run(ctx context.Context) {
	if c.begin(ctx) {
		c.run(ctx, streamBody[In, Out]{c})
	}
}

// streamBody is what the future of a streamCall runs.
type streamBody[In, Out any] struct{ of *streamCall[In, Out] }

func (b streamBody[In, Out]) call(ctx context.Context) (Out, error) {
	seq, err := b.of.call.call(ctx)
	if err == nil {
		err = b.of.f.streaming.feed(reflect.ValueOf(seq), func(item reflect.Value, err error) error {
			return b.of.write(ctx, streamed{item: item, err: err})
		})
	}
	return *new(Out), err
}

// Resolve implements Call: the sequence has ended.
func (c *streamCall[In, Out]) Resolve(_ []byte, _ Codec, err error) {
	c.resolve(*new(Out), err)
	c.forget()
}

// write hands an item to the reader, from a task. It waits where the reader is too far behind, and
// returns an error when the reader wants no more. The window is added to before the item is put, or
// the reader could take more than was added. A writer that must not wait only fills the inbox.
func (c *streamCall[In, Out]) write(ctx context.Context, s streamed) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	host := hostOf(ctx)
	// On the reader's own goroutine the writer cannot wait for it. An executor of which nothing is
	// known may be there, too.
	direct := c.calling.Load() && (host == nil || host.Is(task.OnCaller))
	if direct && host != nil {
		return c.writeDirectly(s)
	}
	c.mu.Lock()
	c.window.Add(s.size) // before the reader can take it
	full := c.window.Full()
	c.mu.Unlock()
	c.inbox.put(s)
	// full is looked at again after each wake-up: the reader may have told of less than the writer
	// needs.
	for full && !direct {
		if err := Suspend(ctx, c.arm); err != nil {
			return err
		}
		c.mu.Lock()
		full = c.window.Full()
		c.mu.Unlock()
	}
	return nil
}

// writeDirectly runs the loop's body on the task's goroutine, which is the loop's. A panic of the
// body is the loop's own.
func (c *streamCall[In, Out]) writeDirectly(s streamed) error {
	if c.left {
		return errStreamLeft
	}
	c.left = true // as long as the body has not returned
	func() {
		defer func() { c.fault = recover() }()
		c.left = !c.yield(s.item, s.err)
	}()
	if c.left {
		return errStreamLeft
	}
	return nil
}

// arm has resume called when the reader has caught up. The look under the lock closes the gap
// between Full and the wait.
func (c *streamCall[In, Out]) arm(resume func()) {
	c.mu.Lock()
	if c.window.Full() {
		c.wake, resume = resume, nil
	}
	c.mu.Unlock()
	if resume != nil {
		resume()
	}
}

// taken has a writer in this process go on. It wakes the writer for each tally; the writer looks
// whether that is enough.
func (c *streamCall[In, Out]) taken(n int) {
	c.mu.Lock()
	c.window.Taken(n)
	wake := c.wake
	c.wake = nil
	c.mu.Unlock()
	if wake != nil {
		wake()
	}
}

// Receive implements functions.Reader. It never waits: the goroutine that reads from a worker calls
// it. The worker keeps to the window itself.
func (c *streamCall[In, Out]) Receive(data []byte, codec functions.Codec, err error) {
	c.inbox.put(c.decoded(data, codec, err))
}

// OnTaken implements functions.Reader.
func (c *streamCall[In, Out]) OnTaken(told func(n int)) { c.told = told }

func (c *streamCall[In, Out]) decoded(data []byte, codec Codec, err error) streamed {
	s := streamed{err: err, size: len(data)}
	if err == nil {
		if s.item, s.err = c.f.streaming.decode(c.f.chosen(codec), data); s.err != nil {
			s.err = fmt.Errorf("quartet: decoding an item of %q: %w", c.f.name, s.err)
		}
	}
	return s
}

// writeEncoded is write for an executor in this process that encodes.
func (c *streamCall[In, Out]) writeEncoded(ctx context.Context, data []byte, codec Codec, err error) error {
	return c.write(ctx, c.decoded(data, codec, err))
}

var _ functions.Reader = (*streamCall[int, int])(nil)
