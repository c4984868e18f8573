package procpool_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

// Named functions, at package level: the worker finds them by name.
var (
	square = quartet.Define("example.square", func(_ context.Context, n int) (int, error) { return n * n, nil })
	divide = quartet.Define("example.divide", func(_ context.Context, in [2]int) (int, error) {
		if in[1] == 0 {
			return 0, errDivision
		}
		return in[0] / in[1], nil
	})
	quit = quartet.Define("example.quit", func(context.Context, int) (int, error) { os.Exit(3); return 0, nil })
	sum  = quartet.Define("example.sum", func(ctx context.Context, upTo int) (int, error) {
		ex, _ := quartet.Current(ctx) // the pool, from inside a worker
		sum := 0
		for v, err := range square.Map(ctx, ex, func(yield func(int) bool) {
			for i := 1; i <= upTo && yield(i); i++ {
			}
		}) {
			if err != nil {
				return 0, err
			}
			sum += v
		}
		return sum, nil
	})

	errDivision = errors.New("division by zero")
)

func init() { procpool.RegisterError("example.division", errDivision) }

// A program calls Init first: in a worker it does not return.
func Example() {
	procpool.Init()
	pool, err := procpool.New(procpool.Config{Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = pool.Close() }()

	v, err := square.Do(context.Background(), pool, 12)
	fmt.Println(v, err)
	// Output: 144 <nil>
}

// A task calls other named functions through quartet.Current; with a single worker, too.
func Example_nested() {
	pool, err := procpool.New(procpool.Config{Workers: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = pool.Close() }()

	fmt.Println(sum.Do(context.Background(), pool, 10))
	// Output: 385 <nil>
}

// A crash costs the call that had started, and no other.
func ExampleWorkerLostError() {
	pool, err := procpool.New(procpool.Config{Workers: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = pool.Close() }()

	lost := quit.Go(context.Background(), pool, 0)
	fine := square.Go(context.Background(), pool, 5)
	_, err = lost.Await(context.Background())
	var crash *procpool.WorkerLostError
	if errors.As(err, &crash) {
		fmt.Println(crash.Func, "ended its worker with exit code", crash.ExitCode)
	}
	fmt.Println(fine.Await(context.Background()))
	// Output:
	// example.quit ended its worker with exit code 3
	// 25 <nil>
}

func ExampleRegisterError() {
	pool, err := procpool.New(procpool.Config{Workers: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = pool.Close() }()

	_, err = divide.Do(context.Background(), pool, [2]int{1, 0})
	fmt.Println(errors.Is(err, errDivision), err)
	// Output: true division by zero
}

// What workers print arrives line by line.
func ExampleConfig_onOutput() {
	pool, err := procpool.New(procpool.Config{Workers: 1, OnOutput: func(l procpool.Line) {
		if !l.Stderr {
			fmt.Printf("worker %d: %s\n", l.Lane, l.Text)
		}
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = prints.Do(context.Background(), pool, "hello\n")
	fmt.Println(pool.Close(), err) // at its return all output has arrived
	// Unordered output:
	// worker 0: hello
	// <nil> <nil>
}

// The calls of one customer go one by one, in order, and mostly to the same worker; other customers
// do not wait for them.
func ExamplePool_Key() {
	procpool.Init()
	pool, err := procpool.New(procpool.Config{Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	ctx := context.Background()
	first := square.Go(ctx, pool.Key("Ada"), 3)
	second := square.Go(ctx, pool.Key("Ada"), 4)
	other := square.Go(ctx, pool.Key("Grace"), 5)
	fmt.Println(quartet.AwaitAll(ctx, first, second, other))
	// Output: [9 16 25] <nil>
}

// A budget is an error whose fields are of use to the caller.
type budget struct{ Left, Wanted int }

func (b *budget) Error() string { return fmt.Sprintf("%d wanted, %d left", b.Wanted, b.Left) }

var (
	spend = quartet.Define("example.spend", func(_ context.Context, n int) (int, error) {
		return 0, &budget{Left: 10, Wanted: n}
	})
	cities map[string]int // in each worker, from its set-up on
	people = quartet.Define("example.people", func(_ context.Context, city string) (int, error) {
		return cities[city], nil
	})
	drifts = quartet.Define("example.drifts", func(ctx context.Context, _ int) (int, error) {
		<-ctx.Done() // a long computation looks from time to time
		return 0, context.Cause(ctx)
	})
	fragile = quartet.Define("example.fragile", func(_ context.Context, mark string) (string, error) {
		if os.Mkdir(mark, 0o700) == nil {
			os.Exit(3) // the first time
		}
		return "done in another worker", nil
	}, quartet.Idempotent())
)

func init() {
	procpool.RegisterErrorType[*budget]("example.budget")
	procpool.WorkerInit(func() error {
		cities = map[string]int{"Ulm": 128_928}
		return nil
	})
}

func ExampleRegisterErrorType() {
	pool, err := procpool.New(procpool.Config{Workers: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = pool.Close() }()

	_, err = spend.Do(context.Background(), pool, 12)
	var b *budget
	fmt.Println(errors.As(err, &b) && b.Left == 10, err)
	// Output: true 12 wanted, 10 left
}

// A set-up in a worker serves all its calls. The hook is registered in an init function, or before
// Init.
func ExampleWorkerInit() {
	pool, err := procpool.New(procpool.Config{Workers: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = pool.Close() }()

	fmt.Println(people.Do(context.Background(), pool, "Ulm"))
	// Output: 128928 <nil>
}

func ExampleNew() {
	_, err := procpool.New(procpool.Config{Workers: -1})
	fmt.Println(err)
	// Output: procpool: Config.Workers is negative: -1
}

// A call that runs too long hears of it by its ctx; one that does not listen is killed after
// Config.Grace.
func ExampleConfig_runTimeout() {
	pool, err := procpool.New(procpool.Config{Workers: 1, RunTimeout: 20 * time.Millisecond})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = pool.Close() }()

	_, err = drifts.Do(context.Background(), pool, 0)
	fmt.Println(errors.Is(err, procpool.ErrRunTimeout))
	// Output: true
}

// A function that is defined as quartet.Idempotent is tried again when its worker is lost.
func ExampleConfig_attempts() {
	pool, err := procpool.New(procpool.Config{Workers: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = pool.Close() }()

	mark := filepath.Join(os.TempDir(), fmt.Sprintf("quartet-example-%d-%d", os.Getpid(), time.Now().UnixNano()))
	defer func() { _ = os.Remove(mark) }()
	fmt.Println(fragile.Do(context.Background(), pool, mark))
	// Output: done in another worker <nil>
}

// A lost call is the server's own matter: its client learns that it failed, and what the worker
// wrote goes to the log alone.
func ExampleWorkerLostError_client() {
	procpool.Init()
	pool, err := procpool.New(procpool.Config{Workers: 1, OnOutput: func(procpool.Line) {}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = pool.Close() }()

	answer := func(w http.ResponseWriter, r *http.Request) {
		v, err := quit.Do(r.Context(), pool, 1)
		var lost *procpool.WorkerLostError
		switch {
		case errors.As(err, &lost):
			fmt.Println("log: lost", lost.Func, "with exit code", lost.ExitCode) // and lost.Stderr
			http.Error(w, "internal error", http.StatusInternalServerError)
		case err != nil:
			http.Error(w, "unavailable", http.StatusServiceUnavailable)
		default:
			fmt.Fprintln(w, v)
		}
	}
	client := httptest.NewRecorder()
	answer(client, httptest.NewRequest(http.MethodGet, "/", nil))
	fmt.Print("client: ", client.Body)
	// Output:
	// log: lost example.quit with exit code 3
	// client: internal error
}

// Ready says that the workers are up, or why not, before a service takes requests. Workers shows
// them.
func ExamplePool_Ready() {
	procpool.Init()
	pool, err := procpool.New(procpool.Config{Workers: 4, MinWorkers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = pool.Close() }()

	fmt.Println(pool.Ready(context.Background()))
	for _, w := range pool.Workers() {
		fmt.Println(w.Lane, w.State, w.Calls)
	}
	// Output:
	// <nil>
	// 0 idle 0
	// 1 idle 0
}

// Reload replaces the workers one by one while calls go on: for Python and Node by the present
// script.
func ExamplePool_Reload() {
	procpool.Init()
	pool, err := procpool.New(procpool.Config{Workers: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = pool.Close() }()

	_, _ = square.Do(context.Background(), pool, 12)
	before := pool.Workers()[0].PID
	fmt.Println(pool.Reload(context.Background()))
	_, _ = square.Do(context.Background(), pool, 12)
	workers := pool.Workers()
	fmt.Println(workers[len(workers)-1].PID != before)
	// Output:
	// <nil>
	// true
}

// hello is a service, which each replica finds by its name.
var hello = procpool.DefineService("example.hello", func(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "hello from a process of my own")
	})}
	drained := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { drained <- server.Shutdown(context.WithoutCancel(ctx)) })
	if err := server.Serve(l); stop() {
		return err // it has failed
	}
	return <-drained
})

// Two processes of this program accept on one listener. At the end of ctx they finish what they
// have.
func ExampleServe() {
	procpool.Init()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- procpool.Serve(ctx, l, 2, hello) }()

	response, err := http.Get("http://" + l.Addr().String())
	if err == nil {
		body, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		fmt.Println(string(body))
	}
	http.DefaultClient.CloseIdleConnections()
	cancel()
	fmt.Println(<-ended)
	// Output:
	// hello from a process of my own
	// <nil>
}
