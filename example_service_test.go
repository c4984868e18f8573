package quartet_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

// A service stops taking requests in before it stops what works on them.
func ExampleStop() {
	pool := workerpool.New(workerpool.Config{Name: "render"})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = quartet.Run(r.Context(), pool, func(context.Context) error {
			fmt.Println("a request is served")
			return nil
		})
	}))
	if answer, err := http.Get(server.URL); err == nil {
		answer.Body.Close()
	}
	fmt.Println(quartet.Stop(context.Background(), server.Config, pool))
	fmt.Println(quartet.Run(context.Background(), pool, func(context.Context) error { return nil }))
	// Output:
	// a request is served
	// <nil>
	// quartet: executor is closed
}

func ExampleRun() {
	pool := workerpool.New(workerpool.Config{})
	defer pool.Close()
	err := quartet.Run(context.Background(), pool, func(context.Context) error { return errors.New("disk full") })
	fmt.Println(err)
	// Output: disk full
}

// Around sees every task of a pool with its error: the place for spans, metrics, and a translation
// of errors.
func ExampleInfo() {
	pool := workerpool.New(workerpool.Config{
		Name: "render",
		Around: func(ctx context.Context, info quartet.Info, run func(context.Context) error) error {
			err := run(ctx)
			fmt.Printf("%s: task %d (%s): %v\n", info.Executor, info.Task, info.Label, err)
			return err
		},
	})
	defer pool.Close()
	ctx := quartet.Label(context.Background(), "page 7")
	_ = quartet.Run(ctx, pool, func(context.Context) error { return errors.New("no such font") })
	// Output: render: task 1 (page 7): no such font
}

// A task that waits for a slow peer lends its slot, so that a pool of one worker serves another
// meanwhile.
func ExampleLend() {
	pool := workerpool.New(workerpool.Config{Workers: 1})
	defer pool.Close()
	answer := make(chan string)
	slow := quartet.Go(context.Background(), pool, func(ctx context.Context) (s string, err error) {
		err = quartet.Lend(ctx, func() { s = <-answer })
		return s, err
	})
	_ = quartet.Run(context.Background(), pool, func(context.Context) error {
		answer <- "served meanwhile"
		return nil
	})
	fmt.Println(slow.Await(context.Background()))
	// Output: served meanwhile <nil>
}

// logged is a wrapper that says what it submits. Its Unwrap keeps what the executor inside offers.
type logged struct{ quartet.Executor }

func (l logged) Unwrap() quartet.Executor { return l.Executor }

func (l logged) SubmitCall(ctx context.Context, c quartet.Call) error {
	fmt.Println("submitted:", c.Name())
	return l.Executor.SubmitCall(quartet.WithCurrent(ctx, l), c)
}

func ExampleAs() {
	pool := workerpool.New(workerpool.Config{Name: "render"})
	defer pool.Close()
	ex := logged{pool}
	if _, err := leaves.Do(context.Background(), ex, 0); err != nil {
		fmt.Println(err)
	}
	if named, ok := quartet.As[interface{ Name() string }](ex); ok {
		fmt.Println("it runs on", named.Name())
	}
	// Output:
	// submitted: example.leaves
	// it runs on render
}

type tenantKey struct{}

func init() {
	quartet.Propagate("tenant",
		func(ctx context.Context) []byte {
			tenant, ok := ctx.Value(tenantKey{}).(string)
			if !ok {
				return nil // nothing travels
			}
			return []byte(tenant)
		},
		func(ctx context.Context, data []byte) context.Context {
			return context.WithValue(ctx, tenantKey{}, string(data))
		})
}

var whose = quartet.Define("quartet_test.whose", func(ctx context.Context, file string) (string, error) {
	return fmt.Sprintf("%s of %v", file, ctx.Value(tenantKey{})), nil
})

// Serialized sends each registered value through its encoding, as a process pool does.
func ExamplePropagate() {
	ctx := context.WithValue(context.Background(), tenantKey{}, "acme")
	fmt.Println(whose.Do(ctx, quartet.Serialized(quartet.Inline()), "invoice.pdf"))
	// Output: invoice.pdf of acme <nil>
}
