package linear

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/gil"
	"github.com/quartet-go/quartet/workerpool"
)

var histories = flag.Int("histories", 2_000, "linear: how many histories are checked, for each executor")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wrapped is an executor whose tasks are wrapped.
type wrapped struct{ quartet.Runner }

func (w wrapped) SubmitTask(ctx context.Context, t quartet.Task) error {
	return w.Runner.SubmitTask(ctx, wrappedTask{t})
}

type wrappedTask struct{ quartet.Task }

func (t wrappedTask) Unwrap() quartet.Task { return t.Task }

func (t wrappedTask) Run(ctx context.Context) { t.Task.Run(context.WithValue(ctx, t, t)) }

func TestFuture(t *testing.T) {
	for name, open := range map[string]func() quartet.Runner{
		"workerpool of 1": func() quartet.Runner { return workerpool.New(workerpool.Config{Workers: 1}) },
		"workerpool of 4": func() quartet.Runner { return workerpool.New(workerpool.Config{Workers: 4}) },
		"wrapped workerpool": func() quartet.Runner {
			return wrapped{workerpool.New(workerpool.Config{Workers: 2})}
		},
		"eventloop": func() quartet.Runner {
			l := eventloop.New(eventloop.Config{})
			l.Start()
			return l
		},
		"gil": func() quartet.Runner { return gil.New(gil.Config{}) },
	} {
		t.Run(name, func(t *testing.T) {
			r := open()
			defer r.Close()
			for seed := range uint64(*histories) {
				h := newHistory(seed)
				h.record(r)
				if porcupine.CheckOperations(future, h.ops) {
					continue
				}
				for _, op := range h.ops {
					t.Logf("%d: %d to %d: %s", op.ClientId, op.Call, op.Return,
						future.DescribeOperation(op.Input, op.Output))
				}
				t.Fatalf("history %d is not linearizable", seed)
			}
			t.Logf("%d histories are linearizable", *histories)
		})
	}
}

// history holds the operations on one future.
type history struct {
	seed  uint64
	clock atomic.Int64
	mu    sync.Mutex
	ops   []porcupine.Operation
}

func newHistory(seed uint64) *history { return &history{seed: seed} }

func (h *history) random(who uint64) *rand.Rand { return rand.New(rand.NewPCG(h.seed, who)) }

func (h *history) now() int64 { return h.clock.Add(1) }

func (h *history) note(client int, in input, call int64, out answer) {
	end := h.now()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, porcupine.Operation{ClientId: client, Input: in, Call: call, Output: out, Return: end})
}

// client numbers of the task's own steps.
const (
	taskBegins = 100
	taskEnds   = 101
	publishes  = 200 // added to that of a Cancel's client
)

// record submits one task and has some goroutines do anything with its future.
func (h *history) record(r quartet.Runner) {
	const value = 7
	rng := h.random(0)
	submitted := h.now()
	finished := make(chan int64, 1) // the moment before the task returns
	f := quartet.Go(context.Background(), r, func(ctx context.Context) (int, error) {
		h.note(taskBegins, input{verb: begin}, submitted, answer{})
		dither(h.random(1), 20)
		finished <- h.now()
		return value, nil
	})
	var clients sync.WaitGroup
	for c := range 2 + rng.IntN(3) {
		clients.Go(func() {
			rng := h.random(uint64(10 + c))
			for i := range 1 + rng.IntN(3) {
				dither(rng, 20)
				h.call(rng, c, 10*(c+1)+i, f)
			}
		})
	}
	clients.Wait()
	_, _ = f.Await(context.Background())
	select {
	case at := <-finished:
		h.note(taskEnds, input{finish, value}, at, answer{})
	default: // it never ran
	}
}

// errCancel is the cause of the Cancel with that number.
type errCancel int

func (e errCancel) Error() string { return fmt.Sprintf("cancelled by %d", int(e)) }

// call makes one call and notes it.
func (h *history) call(rng *rand.Rand, client, number int, f *quartet.Future[int]) {
	verb := []verb{cancel, result, await, done, result, await}[rng.IntN(6)]
	ctx := context.Background()
	if verb == await {
		switch rng.IntN(3) {
		case 0:
			ended, stop := context.WithCancel(ctx)
			stop()
			ctx = ended
		case 1:
			short, stop := context.WithTimeout(ctx, time.Duration(rng.IntN(20))*time.Microsecond)
			defer stop()
			ctx = short
		}
	}
	var out answer
	at := h.now()
	switch verb {
	case cancel:
		out.ok = f.Cancel(errCancel(number))
	case result:
		out = answerOf(f.Result())
	case await:
		out = answerOf(f.Await(ctx))
	case done:
		select {
		case <-f.Done():
			out.ok = true
		default:
		}
	}
	if verb == cancel && out.ok {
		h.note(client, input{decide, number}, at, answer{})
		h.note(client+publishes, input{publish, number}, at, answer{})
		return
	}
	h.note(client, input{verb, number}, at, out)
}

// answerOf makes an answer of what Result or Await returned.
func answerOf(value int, err error) answer {
	if e, ok := errors.AsType[errCancel](err); ok {
		return answer{ok: true, outcome: outcome{cancelled: int(e)}}
	}
	if err != nil { // ErrPending, or the end of the wait's ctx
		return answer{}
	}
	return answer{ok: true, outcome: outcome{value: value}}
}

func dither(rng *rand.Rand, most int) {
	for range rng.IntN(most) {
		runtime.Gosched()
	}
}

// The specification itself tells right from wrong.
func TestModel(t *testing.T) {
	op := func(client int, in input, call, end int64, out answer) porcupine.Operation {
		return porcupine.Operation{ClientId: client, Input: in, Call: call, Output: out, Return: end}
	}
	seven := answer{ok: true, outcome: outcome{value: 7}}
	for name, c := range map[string]struct {
		right bool
		ops   []porcupine.Operation
	}{
		"a result after the end": {true, []porcupine.Operation{
			op(0, input{verb: begin}, 1, 2, answer{}), op(0, input{finish, 7}, 3, 4, answer{}),
			op(1, input{verb: result}, 5, 6, seven),
		}},
		"no result after the end": {false, []porcupine.Operation{
			op(0, input{verb: begin}, 1, 2, answer{}), op(0, input{finish, 7}, 3, 4, answer{}),
			op(1, input{verb: result}, 5, 6, answer{}),
		}},
		"a result before the end": {false, []porcupine.Operation{
			op(0, input{verb: begin}, 1, 2, answer{}), op(1, input{verb: result}, 3, 4, seven),
			op(0, input{finish, 7}, 5, 6, answer{}),
		}},
		"two cancels that both succeed": {false, []porcupine.Operation{
			op(0, input{decide, 1}, 1, 4, answer{}), op(1, input{decide, 2}, 2, 3, answer{}),
		}},
		"a task that begins after it was cancelled": {false, []porcupine.Operation{
			op(0, input{decide, 1}, 1, 2, answer{}), op(1, input{verb: begin}, 3, 4, answer{}),
		}},
		"a cancel that fails while nobody else has begun": {false, []porcupine.Operation{
			op(0, input{cancel, 1}, 1, 2, answer{}), op(1, input{verb: begin}, 3, 4, answer{}),
		}},
		"a cancel that fails as another is about to succeed": {true, []porcupine.Operation{
			op(0, input{decide, 1}, 1, 8, answer{}), op(2, input{publish, 1}, 1, 8, answer{}),
			op(1, input{cancel, 2}, 2, 3, answer{}), op(1, input{verb: result}, 4, 5, answer{}),
		}},
		"no result after a cancel": {false, []porcupine.Operation{
			op(0, input{decide, 1}, 1, 3, answer{}), op(2, input{publish, 1}, 1, 3, answer{}),
			op(1, input{verb: result}, 4, 5, answer{}),
		}},
		"a result that goes away": {false, []porcupine.Operation{
			op(0, input{verb: begin}, 1, 2, answer{}), op(0, input{finish, 7}, 3, 9, answer{}),
			op(1, input{verb: result}, 4, 5, seven), op(2, input{verb: done}, 6, 7, answer{}),
		}},
	} {
		if got := porcupine.CheckOperations(future, c.ops); got != c.right {
			t.Errorf("%s: linearizable: %t, want %t", name, got, c.right)
		}
	}
}
