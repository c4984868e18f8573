package quartet_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

// hexed is a codec of a function's own: it writes strings as hexadecimal digits.
type hexed struct{}

func (hexed) Append(dst []byte, v any) ([]byte, error) {
	text, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("hexed: %T is no string", v)
	}
	return hex.AppendEncode(dst, []byte(text)), nil
}

func (hexed) Decode(data []byte, p any) error {
	text, err := hex.AppendDecode(nil, data)
	if err == nil {
		*p.(*string) = string(text)
	}
	return err
}

var greet = quartet.Define("example.greet", func(_ context.Context, name string) (string, error) {
	return "hello " + name, nil
}, quartet.WithCodec(hexed{}))

// The function's own codec is used wherever its calls go.
func ExampleWithCodec() {
	output, err := quartet.Invoke(context.Background(), "example.greet", quartet.JSON{}, []byte("616461"))
	fmt.Printf("%s %v\n", output, err)
	fmt.Println(greet.Do(context.Background(), quartet.Serialized(quartet.Inline()), "bob"))
	// Output:
	// 68656c6c6f20616461 <nil>
	// hello bob <nil>
}

var price = quartet.Define("example.price", func(_ context.Context, item string) (int, error) {
	return len(item), nil
}, quartet.Idempotent())

// asked says of the calls that it passes on whether they may be tried again.
type asked struct{ quartet.Executor }

func (a asked) SubmitCall(ctx context.Context, c quartet.Call) error {
	again, ok := quartet.As[interface{ Idempotent() bool }](c)
	fmt.Println(c.Name(), ok && again.Idempotent())
	return a.Executor.SubmitCall(ctx, c)
}

// An executor asks a call whether it may start twice. Only then does a pool of processes try it
// again with another worker.
func ExampleIdempotent() {
	fmt.Println(price.Do(context.Background(), asked{quartet.Inline()}, "lamp"))
	// Output:
	// example.price true
	// 4 <nil>
}

// An executor of one's own keeps a panic, with its stack, for those who wait for the task.
func ExampleNewPanicError() {
	run := func(fn func()) (err error) {
		defer func() {
			if value := recover(); value != nil {
				err = quartet.NewPanicError(value)
			}
		}()
		fn()
		return nil
	}
	missing := errors.New("no such file")
	err := run(func() { panic(missing) })
	fmt.Println(errors.Is(err, missing))
	// Output: true
}

// Remarks are sentences about a stretch of a lane, as gil's of a convoy. A program may add its own.
func ExampleTimeline_Remark() {
	var timeline quartet.Timeline
	begin := time.Unix(0, 0).UTC()
	timeline.Remark(quartet.Remark{
		Executor: "mail", Lane: 1, From: begin, To: begin.Add(time.Second), Text: "the server was away",
	})
	for _, r := range timeline.Remarks() {
		fmt.Println(r.Executor, r.To.Sub(r.From), r.Text)
	}
	// Output: mail 1s the server was away
}

// At rest, Stats adds up.
func ExampleStats() {
	pool := workerpool.New(workerpool.Config{Workers: 2})
	for n := range 5 {
		_ = quartet.Go(context.Background(), pool, func(context.Context) (int, error) {
			if n == 3 {
				return 0, errors.New("odd one")
			}
			return n, nil
		})
	}
	_ = pool.Shutdown(context.Background())
	s := pool.Stats()
	fmt.Println(s.Submitted == s.Done+s.Failed+s.Abandoned+s.Running+s.Waiting+s.Queued)
	fmt.Println(s.Done, s.Failed, s.Limit)
	// Output:
	// true
	// 4 1 2
}
