package quartet

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"runtime"

	"github.com/quartet-go/quartet/internal/task"
)

// MapOption is an option of [Map] and [Func.Map].
type MapOption func(*mapOptions)

type mapOptions struct {
	unordered bool
	ahead     int
}

// Unordered yields results as they end, not in the order of the inputs. With it an input that takes
// long holds nobody up but itself.
func Unordered() MapOption { return func(o *mapOptions) { o.unordered = true } }

// Ahead lets at most n calls be in flight, not counting the one whose result is being yielded. The
// default is what the executor asks for, where it has a method Ahead() int, as a process pool for
// which short calls are worth sending in numbers; else twice GOMAXPROCS. It panics when n is less
// than 1.
func Ahead(n int) MapOption {
	if n < 1 {
		panic(fmt.Sprintf("quartet: Ahead(%d): at least one call must be in flight", n))
	}
	return func(o *mapOptions) { o.ahead = n }
}

// It is the cause that calls in flight see when the loop was left early. A loop that ran to its end
// cancels with it too, when nothing is in flight any more.
var errMapEnded = errors.New("quartet: the loop over Map ended early")

// Map calls fn on r for each input and yields the results in the inputs' order (or as they end:
// [Unordered]). It is lazy: inputs are pulled as results are taken, with at most [Ahead] in flight.
// An error is yielded in its place and ends nothing.
//
// Ending the loop early cancels the calls in flight and waits until all have ended. So does the end
// of ctx, also inside the loop's body: no further input is pulled, results that are there are
// yielded still, and the last pair carries ctx's cause, once. An executor that has been closed ends
// the loop likewise: the input that it refuses is the last one pulled.
func Map[In, Out any](ctx context.Context, r Runner, in iter.Seq[In], fn func(context.Context, In) (Out, error),
	opts ...MapOption,
) iter.Seq2[Out, error] {
	if fn == nil {
		panic("quartet: Map of a nil func")
	}
	return mapSeq(ctx, r, in, func(ctx context.Context, v In) (*Future[Out], error) {
		t := &mapTask[In, Out]{fn: fn, in: v}
		t.node.Init(&t.ctx, ctx, t)
		t.node.Flags = task.Attended
		err := r.SubmitTask(&t.ctx, t)
		if err != nil {
			t.fail(err)
		}
		return &t.Future, err
	}, opts)
}

// mapTask is the call of one input. Nobody but Map sees its future, so that and the task's context
// are one allocation.
//
// It is no *call, since fn has no name, and no futureTask, since that would need a closure over the
// input for each.
type mapTask[In, Out any] struct {
	Future[Out]
	ctx task.Ctx
	fn  func(context.Context, In) (Out, error)
	in  In
}

func (t *mapTask[In, Out]) Node() *task.Node { return &t.node }

func (t *mapTask[In, Out]) Run(ctx context.Context) {
	if t.begin(ctx) {
		t.run(ctx, t)
	}
}

// The input is dropped before fn runs, so the task keeps it no longer than fn itself does.
func (t *mapTask[In, Out]) call(ctx context.Context) (Out, error) {
	in := t.in
	t.in = *new(In)
	return t.fn(ctx, in)
}

func (t *mapTask[In, Out]) Abandon(cause error) { t.fail(cause) }

// submitting hands one input's call over; the error is a refusal, which the future carries too. Two
// funcs are of this type, for Map and for Func.Map; the loop knows no difference.
type submitting[In, Out any] func(context.Context, In) (*Future[Out], error)

// The window is asked before each input, as a process pool changes its Ahead with the run times of
// the calls.
func mapSeq[In, Out any](ctx context.Context, ex Executor, in iter.Seq[In], submit submitting[In, Out],
	opts []MapOption,
) iter.Seq2[Out, error] {
	needs("Map", ctx, ex)
	if in == nil {
		panic("quartet: Map over a nil sequence")
	}
	var o mapOptions
	for _, opt := range opts {
		opt(&o)
	}
	// An Ahead of the caller's wins over the executor's.
	ahead := func() int { return o.ahead }
	if h, ok := As[interface{ Ahead() int }](ex); ok && o.ahead == 0 {
		ahead = h.Ahead
	} else if o.ahead == 0 {
		o.ahead = 2 * runtime.GOMAXPROCS(0)
	}
	return func(yield func(Out, error) bool) {
		m := &mapping[In, Out]{outer: ctx, submit: submit, ahead: ahead, flight: newFlight[Out](o.unordered)}
		var cancel context.CancelCauseFunc
		// Made for each loop, not in mapSeq: the same sequence may be ranged over twice.
		m.ctx, cancel = context.WithCancelCause(ctx)
		defer func() {
			// This order: a call that waits for the ctx to end would otherwise never be joined. It
			// runs also when the loop's body panics.
			cancel(errMapEnded)
			m.join()
		}()
		m.run(in, yield)
	}
}

// mapping is one running Map. It belongs to the goroutine that ranges over the sequence. m.ctx is
// cancelled at the end in any case; outer is the caller's, by which the waits are bounded.
type mapping[In, Out any] struct {
	outer, ctx context.Context
	submit     submitting[In, Out]
	ahead      func() int
	flight     *flight[Out]
	cut        bool // a result, or an input, was kept off by the end of ctx
}

// run yields the results. It calls yield inside the loop over the inputs: that costs no coroutine.
// An input is submitted before results are yielded, so that the window is full while the loop's
// body runs.
func (m *mapping[In, Out]) run(in iter.Seq[In], yield func(Out, error) bool) {
	if m.cut = m.outer.Err() != nil; !m.cut {
		for v := range in {
			f, refusal := m.submit(m.ctx, v)
			m.flight.add(f)
			// One less than ahead, since the next input is submitted before the next result is
			// taken.
			if !m.yieldDown(max(0, m.ahead()-1), yield) {
				return
			}
			m.cut = m.cut || m.outer.Err() != nil
			// The refusal itself is yielded with its future, in its place.
			if m.cut || errors.Is(refusal, ErrClosed) {
				break
			}
		}
	}
	if m.yieldDown(0, yield) && m.cut && m.outer.Err() != nil {
		yield(*new(Out), context.Cause(m.outer))
	}
}

// yieldDown yields results until at most so many calls are in flight, or ctx ends a wait. It
// reports false when the loop is over. A result that says nothing but that ctx has ended is left
// out: the last pair says it once.
func (m *mapping[In, Out]) yieldDown(most int, yield func(Out, error) bool) bool {
	for m.flight.Len() > most {
		f, err := m.flight.next(m.outer)
		if err != nil && m.outer.Err() == nil { // a wait that would never end
			yield(*new(Out), err)
			return false
		}
		if err != nil {
			m.cut = true
			return true
		}
		// next has seen its end, so Result never says ErrPending here.
		v, err := f.Result()
		if err != nil && onlyCancelled(err, m.outer) {
			m.cut = true
		} else if !yield(v, err) {
			return false
		}
	}
	return true
}

// join waits for the calls in flight. Nobody has asked for the results, so they count as unseen. It
// waits without an end: no call of a Map may outlive its loop.
func (m *mapping[In, Out]) join() {
	for f := range m.flight.all {
		_ = f.join(context.WithoutCancel(m.outer))
	}
}

// flight holds the calls of a [Map] that are in flight, and says which result comes next. Only the
// loop over Map uses it. Invariant: without unordered, the n futures from first on are in flight in
// the order of their inputs; with it, each is in the map until its result has been yielded.
type flight[T any] struct {
	// It grows with the window and never shrinks: it lives as long as the loop.
	order    []*Future[T] // a ring: the oldest is at first
	first, n int

	unordered map[*Future[T]]struct{} // in place of order; nil: the results come in order
	// With unordered only: the futures that have ended and have not been yielded.
	ended inbox[*Future[T]]
}

func newFlight[T any](unordered bool) *flight[T] {
	f := &flight[T]{}
	if unordered {
		f.unordered = make(map[*Future[T]]struct{})
	}
	return f
}

// Len is how many results are to come.
func (l *flight[T]) Len() int { return l.n }

func (l *flight[T]) add(f *Future[T]) {
	l.n++
	if l.unordered != nil {
		l.unordered[f] = struct{}{}
		f.OnDone(func() { l.ended.put(f) })
		return
	}
	if l.n > len(l.order) {
		l.grow()
	}
	l.order[l.at(l.n-1)] = f
}

// at is where the i-th oldest future is.
func (l *flight[T]) at(i int) int { return (l.first + i) % len(l.order) }

// Both halves of the ring are put in order, so first is 0 afterwards. It is called only when the
// ring is full, so both halves together are all of it.
func (l *flight[T]) grow() {
	larger := make([]*Future[T], max(8, 2*len(l.order)))
	n := copy(larger, l.order[l.first:])
	copy(larger[n:], l.order[:l.first])
	l.order, l.first = larger, 0
}

// next waits for the future whose result comes next. The error is that of the wait.
func (l *flight[T]) next(ctx context.Context) (f *Future[T], err error) {
	if l.unordered != nil {
		if f, err = l.ended.take(ctx, func() bool { return allHeldBy(ctx, maps.Keys(l.unordered)) }); err == nil {
			delete(l.unordered, f)
			l.n--
		}
		return f, err
	}
	// An error leaves the future in the ring: join waits for it at the end.
	f = l.order[l.first]
	if err = f.join(ctx); err == nil {
		l.order[l.first] = nil // or the slice would keep the result
		l.first = l.at(1)
		l.n--
	}
	return f, err
}

// all yields the futures. The ring is not changed: only join calls it, at the end.
func (l *flight[T]) all(yield func(*Future[T]) bool) {
	for f := range l.unordered {
		if !yield(f) {
			return
		}
	}
	for i := range l.n {
		if l.unordered != nil || !yield(l.order[l.at(i)]) {
			return
		}
	}
}
