package executortest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"testing/synctest"
	"time"

	"github.com/quartet-go/quartet"
)

var clause15 = []test{
	{"C15_Errors/map_ends_with_its_ctx", 0, c15MapCtx},
	{"C15_Errors/map_of_calls_ends_with_its_ctx", calls, c15MapCalls},
	{"C15_Errors/map_yields_what_is_there_when_ctx_ends", 0, c15MapRest},
	{"C15_Errors/map_under_an_ended_ctx_pulls_nothing", calls, c15MapEnded},
	{"C15_Errors/map_that_is_complete_has_no_last_pair", calls, c15MapComplete},
	{"C15_Errors/map_ends_when_the_executor_is_closed", 0, c15MapClosed},
	{"C15_Errors/group_keeps_what_says_more", queues, c15GroupKeeps},
	{"C15_Errors/group_leaves_copies_of_the_cancellation_out", queues, c15GroupLeaves},
	{"C15_Errors/group_whose_ctx_ends_has_one_error", queues, c15GroupParent},
}

// endless yields 1, 2, 3 and so on, and counts.
func endless(pulled *int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for {
			if *pulled++; !yield(*pulled) {
				return
			}
		}
	}
}

// c15Map ends ctx in the body of the loop for the third result, and goes on.
func (e *env) c15Map(results iter.Seq2[int, error], cancel context.CancelCauseFunc, pulled *int) {
	e.Helper()
	var errs []error
	taken, after := 0, 0
	for _, err := range results {
		if *pulled > 1000 {
			e.Fatal("a thousand inputs were pulled")
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if after > 0 && len(errs) > 0 {
			e.Error("a result came after ctx's cause")
		}
		if taken++; taken == 3 {
			after = *pulled
			cancel(errCause)
		}
	}
	equal(e, "inputs pulled after the end of ctx", *pulled-after, 0)
	equal(e, "errors", len(errs), 1)
	is(e, "the last pair", errs[0], errCause)
}

func c15MapCtx(e *env) {
	for name, opts := range map[string][]quartet.MapOption{
		"in order": nil, "unordered": {quartet.Unordered()},
		"ahead": {quartet.Ahead(1)},
	} {
		r := e.runner(Options{})
		ctx, cancel := context.WithCancelCause(e.ctx())
		pulled := 0
		e.Log(name)
		e.c15Map(quartet.Map(ctx, r, endless(&pulled), func(_ context.Context, n int) (int, error) { return n, nil },
			opts...), cancel, &pulled)
	}
}

func c15MapCalls(e *env) {
	ex := e.executor(Options{})
	ctx, cancel := context.WithCancelCause(e.ctx())
	pulled := 0
	e.c15Map(identity.Map(ctx, ex, endless(&pulled)), cancel, &pulled)
}

func c15MapRest(e *env) {
	r := e.runner(Options{})
	ctx, cancel := context.WithCancelCause(e.ctx())
	defer cancel(nil)
	var got []int
	var errs []error
	pulled := 0
	for n, err := range quartet.Map(ctx, r, endless(&pulled), func(_ context.Context, n int) (int, error) {
		if n == 3 {
			return n, errOther // it says more than that ctx has ended
		}
		return n, nil
	}, quartet.Ahead(4)) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		synctest.Wait() // all that is in flight has ended
		got = append(got, n)
		cancel(errCause)
	}
	equal(e, "results", slices.Equal(got, []int{1, 2, 4}), true)
	if len(errs) != 2 {
		e.Fatalf("errors: %v", errs)
	}
	is(e, "the error in its place", errs[0], errOther)
	is(e, "the last pair", errs[1], errCause)
}

func c15MapEnded(e *env) {
	ex := e.executor(Options{})
	ctx, cancel := context.WithCancelCause(e.ctx())
	cancel(errCause)
	pulled := 0
	var errs []error
	for _, err := range identity.Map(ctx, ex, endless(&pulled)) {
		if errs = append(errs, err); len(errs) > 10 {
			break
		}
	}
	equal(e, "pulled", pulled, 0)
	equal(e, "pairs", len(errs), 1)
	is(e, "the pair", errs[0], errCause)
}

func c15MapComplete(e *env) {
	ex := e.executor(Options{})
	ctx, cancel := context.WithCancelCause(e.ctx())
	defer cancel(nil)
	n := 0
	for _, err := range identity.Map(ctx, ex, upTo(3), quartet.Ahead(8)) {
		ok(e, "result", err)
		if n++; n == 3 {
			cancel(errCause)
		}
	}
	equal(e, "results", n, 3)
}

func c15MapClosed(e *env) {
	for _, opts := range [][]quartet.MapOption{nil, {quartet.Unordered()}} {
		r := e.runner(Options{})
		pulled, taken := 0, 0
		var errs []error
		for _, err := range quartet.Map(e.ctx(), r, endless(&pulled),
			func(_ context.Context, n int) (int, error) { return n, nil }, opts...) {
			if pulled > 1000 {
				e.Fatal("a thousand inputs were pulled")
			}
			if err != nil {
				errs = append(errs, err)
			} else if taken++; taken == 3 {
				ok(e, "Close", r.Close())
			}
		}
		equal(e, "an error was yielded", len(errs) > 0, true)
		for _, err := range errs {
			is(e, "error", err, quartet.ErrClosed)
		}
		equal(e, "results and errors for all inputs", taken+len(errs), pulled)
	}
}

// ownCancellation is a cancellation that has nothing to do with a group's.
type ownCancellation struct{}

func (ownCancellation) Error() string        { return "the user pressed stop" }
func (ownCancellation) Is(target error) bool { return target == context.Canceled }

func c15GroupKeeps(e *env) {
	for name, fn := range map[string]func(ctx context.Context) error{
		"joined":             func(ctx context.Context) error { return errors.Join(errOther, ctx.Err()) },
		"joined, the cause":  func(ctx context.Context) error { return errors.Join(context.Cause(ctx), errOther) },
		"two in one":         func(ctx context.Context) error { return fmt.Errorf("%w after %w", errOther, ctx.Err()) },
		"a deadline":         func(context.Context) error { return context.DeadlineExceeded },
		"its own":            func(context.Context) error { return ownCancellation{} },
		"a panic with it":    func(ctx context.Context) error { panic(context.Cause(ctx)) },
		"a panic with Err":   func(ctx context.Context) error { panic(ctx.Err()) },
		"an own sub-context": func(ctx context.Context) error { return ownCause(ctx, errOther) },
	} {
		r := e.runner(Options{OnPanic: func(error) {}})
		g := quartet.NewGroup(e.ctx(), r)
		g.Go(func(ctx context.Context) error {
			_, _ = forever(ctx)
			return fn(ctx)
		})
		synctest.Wait()
		g.Go(func(context.Context) error { return errCause })
		err := g.Wait(e.ctx())
		all, joined := err.(interface{ Unwrap() []error })
		if !joined || len(all.Unwrap()) != 2 {
			e.Errorf("%s: Wait returned %v, not both errors", name, err)
			continue
		}
		equal(e, name+": the first error", all.Unwrap()[0], errCause)
	}
}

func ownCause(ctx context.Context, cause error) error {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	cancel(cause)
	return context.Cause(ctx)
}

func c15GroupLeaves(e *env) {
	for _, cause := range []error{
		errCause, fmt.Errorf("wrapped: %w", errCause), context.Canceled,
		errors.Join(errCause, errOther),
	} {
		r := e.runner(Options{})
		g := quartet.NewGroup(e.ctx(), r)
		for _, fn := range []func(ctx context.Context) error{
			func(ctx context.Context) error { return ctx.Err() },
			context.Cause,
			func(ctx context.Context) error {
				return &url.Error{Op: "Get", URL: "http://x", Err: context.Cause(ctx)}
			},
			func(ctx context.Context) error { return &url.Error{Op: "Get", URL: "http://x", Err: ctx.Err()} },
			func(ctx context.Context) error { return fmt.Errorf("page 7: %w", ctx.Err()) },
			func(ctx context.Context) error { return errors.Join(ctx.Err(), context.Cause(ctx)) },
		} {
			g.Go(func(ctx context.Context) error {
				_, _ = forever(ctx)
				return fn(ctx)
			})
		}
		synctest.Wait()
		g.Go(func(context.Context) error { return cause })
		equal(e, "Wait gives the first error alone", g.Wait(e.ctx()), cause)
	}
}

func c15GroupParent(e *env) {
	r := e.runner(Options{})
	ctx, cancel := context.WithTimeout(e.ctx(), time.Second)
	defer cancel()
	g := quartet.NewGroup(ctx, r)
	for range 5 {
		g.Go(func(ctx context.Context) error {
			_, _ = forever(ctx)
			return &url.Error{Op: "Get", URL: "http://x", Err: context.Cause(ctx)}
		})
	}
	err := g.Wait(e.ctx())
	is(e, "Wait", err, context.DeadlineExceeded)
	_, joined := err.(interface{ Unwrap() []error })
	equal(e, "several errors", joined, false)
}
