package quartet

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
)

// MapOption is an option of [Map] and [Func.Map].
type MapOption func(*mapOptions)

type mapOptions struct {
	unordered bool
	ahead     int
}

// Unordered yields results as they end, not in the order of the inputs.
func Unordered() MapOption { return func(o *mapOptions) { o.unordered = true } }

// Ahead lets at most n calls be in flight, not counting the one whose result is being yielded. The default is what the
// executor asks for, where it has a method Ahead() int, as a process pool for which short calls are worth sending in
// numbers; else twice GOMAXPROCS. It panics when n is less than 1.
func Ahead(n int) MapOption {
	if n < 1 {
		panic(fmt.Sprintf("quartet: Ahead(%d): at least one call must be in flight", n))
	}
	return func(o *mapOptions) { o.ahead = n }
}

var errMapEnded = errors.New("quartet: the loop over Map ended early")

// Map calls fn on r for each input and yields the results in the inputs' order (or as they end: [Unordered]). It is
// lazy: inputs are pulled as results are taken, with at most [Ahead] in flight. An error is yielded in its place and ends
// nothing. Ending the loop early cancels what is in flight and waits until all of it has ended; so does the end of ctx,
// whose cause is the last pair.
func Map[In, Out any](ctx context.Context, r Runner, in iter.Seq[In], fn func(context.Context, In) (Out, error), opts ...MapOption) iter.Seq2[Out, error] {
	if fn == nil {
		panic("quartet: Map of a nil func")
	}
	return mapSeq(ctx, r, in, func(ctx context.Context, v In) *Future[Out] {
		return Go(ctx, r, func(ctx context.Context) (Out, error) { return fn(ctx, v) })
	}, opts)
}

func mapSeq[In, Out any](ctx context.Context, ex Executor, in iter.Seq[In], submit func(context.Context, In) *Future[Out], opts []MapOption) iter.Seq2[Out, error] {
	var o mapOptions
	for _, opt := range opts {
		opt(&o)
	}
	ahead := func() int { return o.ahead }
	if h, ok := ex.(interface{ Ahead() int }); ok && o.ahead == 0 {
		ahead = h.Ahead
	} else if o.ahead == 0 {
		o.ahead = 2 * runtime.GOMAXPROCS(0)
	}
	return func(yield func(Out, error) bool) {
		m := &mapping[Out]{outer: ctx, flight: make(map[*Future[Out]]struct{}), unordered: o.unordered}
		var cancel context.CancelCauseFunc
		m.ctx, cancel = context.WithCancelCause(ctx)
		defer func() {
			cancel(errMapEnded)
			m.join()
		}()
		next, stop := iter.Pull(in)
		defer stop()
		for more := true; more || len(m.flight) > 0; {
			for limit := ahead(); more && len(m.flight) < limit; {
				var v In
				if v, more = next(); more {
					m.add(submit(m.ctx, v))
				}
			}
			if len(m.flight) == 0 {
				return
			}
			f, err := m.next()
			if err != nil {
				yield(*new(Out), err)
				return
			}
			if !yield(f.Result()) {
				return
			}
		}
	}
}

// mapping is one running Map: its futures in flight, in order or in an inbox.
type mapping[Out any] struct {
	outer, ctx context.Context
	unordered  bool
	flight     map[*Future[Out]]struct{}
	order      []*Future[Out]
	ended      inbox[*Future[Out]]
}

func (m *mapping[Out]) add(f *Future[Out]) {
	m.flight[f] = struct{}{}
	if m.unordered {
		f.OnDone(func() { m.ended.put(f) })
	} else {
		m.order = append(m.order, f)
	}
}

// next waits for the future whose result comes next. The error is that of the loop's ctx.
func (m *mapping[Out]) next() (f *Future[Out], err error) {
	if m.unordered {
		f, err = m.ended.take(m.outer)
	} else {
		f = m.order[0]
		_, err = f.Await(m.outer)
		if _, pending := f.Result(); pending != ErrPending {
			err = nil
		}
	}
	if err != nil {
		return nil, err
	}
	if !m.unordered {
		m.order = m.order[1:]
	}
	delete(m.flight, f)
	return f, nil
}

func (m *mapping[Out]) join() {
	for f := range m.flight {
		_, _ = f.join(m.outer)
	}
}
