package executortest

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/quartet-go/quartet"
)

// Calls says which calls run on the caller's goroutine, by clause 3a.
type Calls uint8

const (
	// NoCalls: a wrapper that submits tasks of its own, or an executor in another process.
	NoCalls Calls = iota
	// NestedCalls: those by a task of the executor. The others run on the loop's goroutine, or on a
	// thread of their own.
	NestedCalls
	// AllCalls: those from outside too.
	AllCalls
)

// way is one way to call fn on r.
type way struct {
	name string
	call func(ctx context.Context, r quartet.Runner, fn func(context.Context) error) error
}

// bodyKey is the key of what the named function calls.
type bodyKey struct{}

var callsBack = quartet.Define("executortest.calls_back", func(ctx context.Context, n int) (int, error) {
	return n, ctx.Value(bodyKey{}).(func(context.Context) error)(ctx)
})

var ways = []way{
	{"Do", func(ctx context.Context, r quartet.Runner, fn func(context.Context) error) error {
		_, err := quartet.Do(ctx, r, func(ctx context.Context) (none, error) { return none{}, fn(ctx) })
		return err
	}},
	{"Run", quartet.Run},
	{"Func.Do", func(ctx context.Context, r quartet.Runner, fn func(context.Context) error) error {
		_, err := callsBack.Do(context.WithValue(ctx, bodyKey{}, fn), r, 1)
		return err
	}},
}

// inTask runs fn in a task of r's that does nothing else.
func (e *env) inTask(r quartet.Runner, fn func(context.Context) error) error {
	e.Helper()
	_, err := await(e, quartet.Go(background, r, func(ctx context.Context) (none, error) { return none{}, fn(ctx) }))
	return err
}

// exits reports whether fn ended its goroutine by Goexit.
func exits(fn func()) bool {
	returned, ended := false, make(chan none)
	go func() {
		defer close(ended)
		fn()
		returned = true
	}()
	<-ended
	return !returned
}

// seen is an observer of one executor.
type seen struct {
	mu     sync.Mutex
	events []quartet.Event
}

func (s *seen) Observe(e quartet.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

// of returns the kinds of the steps of one task in the order of their times, and the last step.
// Steps that different goroutines tell may arrive out of order; where the time stands still, as in
// a bubble, their kinds order them.
func (s *seen) of(task uint64) (kinds []quartet.EventKind, last quartet.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.SortStableFunc(s.events, func(a, b quartet.Event) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Kind, b.Kind))
	})
	for _, e := range s.events {
		if e.Task == task {
			kinds, last = append(kinds, e.Kind), e
		}
	}
	return kinds, last
}

// watch has r's steps seen until the end of the test.
func (e *env) watch(r quartet.Runner) *seen {
	e.Helper()
	w, has := quartet.As[interface {
		Watch(quartet.Observer) (stop func())
	}](r)
	if !has {
		e.Fatalf("%T has no Watch", r)
	}
	s := &seen{}
	e.Cleanup(w.Watch(s))
	return s
}
