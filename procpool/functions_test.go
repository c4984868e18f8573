package procpool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

var errKnown = errors.New("a registered error")

// typedError is a registered type.
type typedError struct{ Code int }

func (e *typedError) Error() string { return fmt.Sprint("code ", e.Code) }

func init() {
	procpool.RegisterError("procpool_test.known", errKnown)
	procpool.RegisterErrorType[*typedError]("procpool_test.typed")
}

type none = struct{}

// picky has a result that cannot be encoded.
type picky struct{ OK bool }

func (p picky) MarshalJSON() ([]byte, error) {
	if !p.OK {
		return nil, errors.New("too picky")
	}
	return []byte("{}"), nil
}

func (p *picky) UnmarshalJSON([]byte) error { return nil }

var (
	double = quartet.Define("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	fan    = quartet.Declare[int, int]("fan")
	pid    = quartet.Define("pid", func(context.Context, none) (int, error) { return os.Getpid(), nil })
	bytes_ = quartet.Define("bytes", func(_ context.Context, b []byte) ([]byte, error) { return b, nil })
	absent = quartet.Declare[int, int]("absent") // has no body in the worker either

	fails = quartet.Define("fails", func(_ context.Context, how string) (int, error) {
		switch how {
		case "known":
			return 0, fmt.Errorf("around: %w", errKnown)
		case "typed":
			return 0, fmt.Errorf("around: %w", &typedError{7})
		case "quartet":
			return 0, quartet.ErrSaturated
		case "panic error":
			panic(errKnown)
		}
		return 0, errors.New(how)
	})

	// die ends, or spoils, its worker.
	die = quartet.Define("die", func(_ context.Context, how string) (int, error) {
		switch how {
		case "panic":
			panic("planted panic")
		case "exit":
			fmt.Fprintln(os.Stderr, "last words")
			os.Exit(3)
		case "goexit":
			runtime.Goexit()
		case "overflow":
			debug.SetMaxStack(1 << 20)
			return deep(1), nil
		case "SIGKILL", "SIGSEGV":
			signalSelf(how)
			select {}
		}
		return 0, errors.New("unknown death")
	})

	// untilCancelled says that it runs, waits for the end of its context, and returns its cause.
	untilCancelled = quartet.Define("untilCancelled", func(ctx context.Context, _ none) (int, error) {
		fmt.Println("started")
		<-ctx.Done()
		return 0, context.Cause(ctx)
	})
	// suspended does so in Suspend.
	suspended = quartet.Define("suspended", func(ctx context.Context, _ none) (int, error) {
		return 0, quartet.Suspend(ctx, func(func()) { fmt.Println("started") })
	})
	// deaf does not hear of its context's end.
	deaf = quartet.Define("deaf", func(context.Context, none) (int, error) {
		fmt.Println("started")
		select {}
	})
	prints = quartet.Define("prints", func(_ context.Context, s string) (int, error) {
		fmt.Print(s)
		fmt.Fprint(os.Stderr, s)
		return len(s), nil
	})
	deadline = quartet.Define("deadline", func(ctx context.Context, _ none) (time.Time, error) {
		at, ok := ctx.Deadline()
		if !ok {
			return at, errors.New("no deadline")
		}
		return at, nil
	})
	unencodable = quartet.Define("unencodable", func(_ context.Context, ok bool) (picky, error) {
		return picky{ok}, nil
	})

	// parentOf calls die from inside, and returns how that ended.
	parentOf = quartet.Define("parentOf", func(ctx context.Context, how string) (string, error) {
		ex, _ := quartet.Current(ctx)
		_, err := die.Go(ctx, ex, how).Await(ctx)
		return err.Error(), err
	})
	nestedPool = quartet.Define("nestedPool", func(ctx context.Context, depth int) (int, error) {
		p, err := procpool.New(procpool.Config{Workers: 1, MaxDepth: depth})
		if err != nil {
			return 0, err
		}
		defer func() { _ = p.Close() }()
		return double.Do(ctx, p, 21)
	})
	shutdownInside = quartet.Define("shutdownInside", func(ctx context.Context, _ none) (int, error) {
		ex, _ := quartet.Current(ctx)
		if err := ex.Shutdown(ctx); !errors.Is(err, quartet.ErrInside) {
			return 0, err
		}
		return double.Do(ctx, ex, 21) // part of this task: still accepted
	})
	// cancelsChild starts a call, cancels it once it runs, and returns what came of it.
	cancelsChild = quartet.Define("cancelsChild", func(ctx context.Context, _ none) (int, error) {
		ex, _ := quartet.Current(ctx)
		f := suspended.Go(ctx, ex, none{})
		f.Cancel(errKnown)
		return f.Await(ctx)
	})
	// detachedChildren uses an errgroup's way: goroutines of the task's own, which submit and wait
	// plainly.
	detachedChildren = quartet.Define("detachedChildren", func(ctx context.Context, n int) (int, error) {
		ex, _ := quartet.Current(ctx)
		results := make(chan int, n)
		for i := range n {
			go func() {
				v, _ := double.Do(quartet.Detach(ctx), ex, i)
				results <- v
			}()
		}
		sum := 0
		for range n {
			sum += <-results
		}
		return sum, nil
	})
)

//lint:ignore SA5007 to overflow the stack is its purpose
func deep(n int) int { return deep(n+1) + 1 }

func init() {
	fan.Body(func(ctx context.Context, depth int) (int, error) {
		if depth == 0 {
			return 1, nil
		}
		ex, _ := quartet.Current(ctx)
		left, right := fan.Go(ctx, ex, depth-1), fan.Go(ctx, ex, depth-1)
		a, err := left.Await(ctx)
		if err != nil {
			return 0, err
		}
		b, err := right.Await(ctx)
		return a + b + 1, err
	})
}
