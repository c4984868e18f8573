package executortest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quartet-go/quartet"
)

var (
	errHung  = errors.New("executortest: still waiting after an hour")
	errCause = errors.New("executortest: cause")
	errOther = errors.New("executortest: another cause")
)

var background = context.Background()

type (
	none = struct{}
	key  struct{}
)

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func is(t testing.TB, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: got error %v, want %v", what, err, target)
	}
}

func ok(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// await is Await with a bound, from outside.
func await[T any](e *env, f *quartet.Future[T]) (T, error) {
	e.Helper()
	v, err := f.Await(e.ctx())
	if errors.Is(err, errHung) {
		e.Fatal(err)
	}
	return v, err
}

// probe is a Task, and a Call, that counts its outcomes.
type probe struct {
	ran, abandoned, resolved atomic.Int64
	cause                    atomic.Value
	fn                       func(ctx context.Context)
}

func (p *probe) Run(ctx context.Context) {
	p.ran.Add(1)
	if p.fn != nil {
		p.fn(ctx)
	}
}

func (p *probe) Abandon(cause error) {
	p.cause.Store([]error{cause})
	p.abandoned.Add(1)
}

func (p *probe) Name() string                                            { return identity.Name() }
func (p *probe) AppendInput(dst []byte, c quartet.Codec) ([]byte, error) { return c.Append(dst, 0) }
func (p *probe) Resolve(output []byte, c quartet.Codec, err error)       { p.resolved.Add(1) }
func (p *probe) outcomes() int64 {
	return p.ran.Load() + p.abandoned.Load() +
		p.resolved.Load()
}

func (p *probe) want(t testing.TB, what string, ran, abandoned int64, cause error) {
	t.Helper()
	equal(t, what+": runs", p.ran.Load(), ran)
	equal(t, what+": abandons", p.abandoned.Load(), abandoned)
	if abandoned > 0 && p.abandoned.Load() > 0 {
		is(t, what+": abandoned", p.cause.Load().([]error)[0], cause)
	}
}

// gate holds goroutines, without saying so to any model: a task at a gate keeps its slot, its loop,
// its lock.
type gate struct {
	open func()
	c    chan none
	at   atomic.Int64
}

func newGate() *gate {
	g := &gate{c: make(chan none)}
	g.open = sync.OnceFunc(func() { close(g.c) })
	return g
}

func (g *gate) wait(context.Context) {
	g.at.Add(1)
	<-g.c
}

// hold occupies n slots until the gate opens; the end of the test opens it.
func (e *env) hold(r quartet.Runner, n int) *gate {
	e.Helper()
	g := newGate()
	e.Cleanup(g.open)
	for range n {
		if err := r.SubmitTask(background, quartet.TaskFunc(g.wait)); err != nil {
			e.Fatalf("submit: %v", err)
		}
	}
	synctest.Wait()
	if got := g.at.Load(); got != int64(n) {
		e.Fatalf("%d of %d tasks started with %d slots free", got, n, n)
	}
	return g
}

// outcome is what a call on a goroutine of its own came to.
type outcome[T any] struct {
	done  chan none
	value T
	err   error
}

// aside calls fn on a goroutine of its own.
func aside[T any](fn func() (T, error)) *outcome[T] {
	o := &outcome[T]{done: make(chan none)}
	go func() {
		defer close(o.done)
		o.value, o.err = fn()
	}()
	return o
}

func asideErr(fn func() error) *outcome[none] {
	return aside(func() (none, error) { return none{}, fn() })
}

// ended reports, once the bubble is at rest, whether the call has returned.
func (o *outcome[T]) ended() bool {
	synctest.Wait()
	select {
	case <-o.done:
		return true
	default:
		return false
	}
}

func (o *outcome[T]) wait(e *env) (T, error) {
	e.Helper()
	select {
	case <-o.done:
	case <-time.After(time.Hour):
		e.Fatal(errHung)
	}
	return o.value, o.err
}

// launch has fn run on r, also when r is inline, and waits until all is at rest.
func launch[T any](ctx context.Context, r quartet.Runner, fn func(context.Context) (T, error)) *outcome[T] {
	o := aside(func() (T, error) { return quartet.Do(ctx, r, fn) })
	synctest.Wait()
	return o
}

// forever waits until ctx ends, and says so to the model.
func forever(ctx context.Context) (none, error) {
	return none{}, quartet.Suspend(ctx, func(func()) {})
}

func nothing(context.Context) (none, error) { return none{}, nil }

// strength checks that size tasks still run at once, and no more.
func (e *env) strength(r quartet.Runner) {
	e.Helper()
	synctest.Wait()
	g := newGate()
	defer g.open()
	var fs []*quartet.Future[none]
	for range e.size + 1 {
		fs = append(fs, quartet.Go(background, r, func(ctx context.Context) (none, error) {
			g.wait(ctx)
			return none{}, nil
		}))
	}
	synctest.Wait()
	equal(e, "tasks that run at once", g.at.Load(), int64(e.size))
	g.open()
	for _, f := range fs {
		_, err := await(e, f)
		ok(e, "task", err)
	}
}

// peak counts who is inside, and the most there ever were.
type peak struct{ now, most atomic.Int64 }

func (p *peak) enter() {
	n := p.now.Add(1)
	for {
		m := p.most.Load()
		if n <= m || p.most.CompareAndSwap(m, n) {
			return
		}
	}
}

func (p *peak) leave() { p.now.Add(-1) }
