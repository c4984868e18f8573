package executortest

import (
	"context"
	"errors"
	"fmt"
	"testing/synctest"

	"github.com/quartet-go/quartet"
)

// The suite's named functions.
var (
	identity = quartet.Define("executortest.identity", func(_ context.Context, n int) (int, error) { return n, nil })
	fails    = quartet.Define("executortest.fails", func(context.Context, string) (int, error) { return 0, errCause })
	explodes = quartet.Define("executortest.explodes", func(context.Context, int) (int, error) { panic(errCause) })
	patient  = quartet.Define("executortest.patient", func(ctx context.Context, n int) (int, error) {
		_, err := forever(ctx)
		return n, err
	})
	repeatable = quartet.Define("executortest.repeatable",
		func(_ context.Context, n int) (int, error) { return n, nil }, quartet.Idempotent())

	nobody = quartet.Declare[int, int]("executortest.nobody")
	fan    = quartet.Declare[int, int]("executortest.fan")
	chain  = quartet.Declare[int, int]("executortest.chain")
)

var errNoCurrent = errors.New("executortest: no current executor")

func init() {
	// fan starts two calls of itself and counts the calls below it.
	fan.Body(func(ctx context.Context, depth int) (int, error) {
		if depth == 0 {
			return 1, nil
		}
		ex, has := quartet.Current(ctx)
		if !has {
			return 0, errNoCurrent
		}
		left, right := fan.Go(ctx, ex, depth-1), fan.Go(ctx, ex, depth-1)
		a, err := left.Await(ctx)
		if err != nil {
			return 0, err
		}
		b, err := right.Await(ctx)
		return a + b + 1, err
	})
	chain.Body(func(ctx context.Context, depth int) (int, error) {
		if depth == 1 {
			return 1, nil
		}
		ex, has := quartet.Current(ctx)
		if !has {
			return 0, errNoCurrent
		}
		n, err := chain.Go(ctx, ex, depth-1).Await(ctx)
		return n + 1, err
	})
}

var functions = []test{
	{"S3_Func/value_and_error_arrive", calls, funcValues},
	{"S3_Func/without_a_body", calls, funcNoBody},
	{"S3_Func/a_repeated_name_panics", calls, funcRepeated},
	{"S3_Func/local", calls, funcLocal},
	{"S3_Func/invoke_round_trip", calls, funcInvoke},
	{"S3_Func/map", calls, funcMap},
	{"S3_Func/current_is_the_executor", 0, funcCurrent},
	{"S3_Func/with_current_goes_through_the_wrapper", 0, funcWrapper},
}

func funcValues(e *env) {
	ex := e.executor(Options{})
	v, err := identity.Do(e.ctx(), ex, 5)
	ok(e, "Do", err)
	equal(e, "value", v, 5)
	v, err = await(e, identity.Go(background, ex, 6))
	ok(e, "Go", err)
	equal(e, "value", v, 6)
	_, err = fails.Do(e.ctx(), ex, "")
	is(e, "error", err, errCause)
}

func funcNoBody(e *env) {
	r := e.runner(Options{})
	_, err := nobody.Do(e.ctx(), r, 1)
	is(e, "Do", err, quartet.ErrNoBody)
	_, err = await(e, nobody.Go(background, r, 1))
	is(e, "Go", err, quartet.ErrNoBody)
	_, err = nobody.Local(background, 1)
	is(e, "Local", err, quartet.ErrNoBody)
}

func funcRepeated(e *env) {
	defer func() { equal(e, "Define panicked", recover() != nil, true) }()
	quartet.Define(identity.Name(), func(_ context.Context, n int) (int, error) { return n, nil })
}

func funcLocal(e *env) {
	v, err := identity.Local(background, 5)
	ok(e, "Local", err)
	equal(e, "value", v, 5)
}

func funcInvoke(e *env) {
	input, err := quartet.JSON{}.Append(nil, 5)
	ok(e, "Append", err)
	output, err := quartet.Invoke(background, identity.Name(), quartet.JSON{}, input)
	ok(e, "Invoke", err)
	var v int
	ok(e, "Decode", quartet.JSON{}.Decode(output, &v))
	equal(e, "value", v, 5)
	_, err = quartet.Invoke(background, fails.Name(), quartet.JSON{}, []byte(`""`))
	is(e, "Invoke of one that fails", err, errCause)
	_, err = quartet.Invoke(background, nobody.Name(), quartet.JSON{}, input)
	is(e, "Invoke without a body", err, quartet.ErrNoBody)
	_, err = quartet.Invoke(background, "executortest.unheard_of", quartet.JSON{}, input)
	equal(e, "Invoke of an unknown name fails", err != nil, true)
}

func funcMap(e *env) {
	ex := e.executor(Options{})
	i := 0
	for v, err := range identity.Map(e.ctx(), ex, upTo(50)) {
		ok(e, "Map", err)
		equal(e, "value", v, i)
		i++
	}
	equal(e, "results", i, 50)
}

func funcCurrent(e *env) {
	r := e.runner(Options{})
	_, err := quartet.Do(background, r, func(ctx context.Context) (none, error) {
		ex, has := quartet.Current(ctx)
		equal(e, "Current is the executor", has && ex == quartet.Executor(r), true)
		return none{}, nil
	})
	ok(e, "task", err)
}

// counting is a wrapper.
type counting struct {
	quartet.Executor
	calls chan string
}

func (c *counting) SubmitCall(ctx context.Context, call quartet.Call) error {
	c.calls <- call.Name()
	return c.Executor.SubmitCall(quartet.WithCurrent(ctx, c), call)
}

func funcWrapper(e *env) {
	w := &counting{e.runner(Options{}), make(chan string, 100)}
	n, err := await(e, fan.Go(background, w, 3))
	ok(e, "fan-out", err)
	equal(e, "calls", n, 15)
	synctest.Wait()
	equal(e, fmt.Sprintf("calls of %s through the wrapper", fan.Name()), len(w.calls), 15)
}
