package executortest

import (
	"context"
	"runtime"
	"testing"
	"unsafe"

	"github.com/quartet-go/quartet"
)

// batch is how many calls are measured together, so that what only some of them allocate counts
// too: testing.AllocsPerRun rounds down.
const batch = 100

// cost is something that is done, and how often it may allocate.
type cost struct {
	name string
	most float64
	do   func()
}

// Allocations checks clause 12 on r, which must be idle: bare, a submit without context and future,
// allocates nothing; Do allocates once; submit and await once where ctx cannot end, and at most
// three times where it can, also when the task has to queue, and inside a task. It is no part of
// Run, since a bubble allocates too.
func Allocations(t *testing.T, r quartet.Runner, bare ...func()) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	futureSize(t)
	cancellable, cancel := context.WithCancel(background)
	defer cancel()
	for _, do := range bare {
		measure(t, []cost{{"C12_bare", 0, do}})
	}
	measure(t, fromOutside(r, cancellable))
	queued := make([]*quartet.Future[int], batch)
	measure(t, []cost{{"C12_queued/a ctx that can end", 3 * batch, func() {
		for i := range queued {
			queued[i] = quartet.Go(cancellable, r, one)
		}
		for _, f := range queued {
			_, _ = f.Await(cancellable)
		}
	}}})
	_, err := quartet.Go(cancellable, r, func(ctx context.Context) (none, error) {
		measure(t, calls12(ctx, r, "inside a task"))
		return none{}, nil
	}).Await(background)
	ok(t, "the task", err)
}

// AllocationsOfThreads is Allocations for an executor that starts a goroutine for each task, which
// costs two more.
func AllocationsOfThreads(t *testing.T, r quartet.Runner) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	cancellable, cancel := context.WithCancel(background)
	defer cancel()
	costs := fromOutside(r, cancellable)
	for i := range costs {
		costs[i].most += 2
	}
	measure(t, costs)
}

func fromOutside(r quartet.Runner, cancellable context.Context) []cost {
	return append(calls12(background, r, "background"), calls12(cancellable, r, "a ctx that can end")...)
}

func one(context.Context) (int, error) { return 1, nil }

// lasting runs for so long that the one who waits for it parks.
func lasting(context.Context) (int, error) {
	for range 50 {
		runtime.Gosched()
	}
	return 1, nil
}

func calls12(ctx context.Context, r quartet.Runner, how string) []cost {
	most := 3.0
	if ctx == background {
		most = 1
	}
	return []cost{
		{"C12_go_and_await/" + how, most, func() { _, _ = quartet.Go(ctx, r, one).Await(ctx) }},
		{"C12_func_go_and_await/" + how, most, func() { _, _ = identity.Go(ctx, r, 1).Await(ctx) }},
		{"C12_go_and_await_for_long/" + how, most, func() { _, _ = quartet.Go(ctx, r, lasting).Await(ctx) }},
		{"C12_do/" + how, 1, func() { _, _ = quartet.Do(ctx, r, one) }},
		{"C12_func_do/" + how, 1, func() { _, _ = identity.Do(ctx, r, 1) }},
	}
}

func measure(t *testing.T, costs []cost) {
	t.Helper()
	for _, c := range costs {
		many := func() {
			for range batch {
				c.do()
			}
		}
		for range 5 {
			many() // fill what is reused
		}
		n := testing.AllocsPerRun(10, many) / batch
		t.Logf("%s: %v", c.name, n)
		if n > c.most+0.1 {
			t.Errorf("%s: %v allocations, want at most %v", c.name, n, c.most)
		}
	}
}

// futureSize: a future of a one-word result has at most 240 bytes on 64 bits.
func futureSize(t *testing.T) {
	t.Helper()
	if size := unsafe.Sizeof(quartet.Future[int]{}); unsafe.Sizeof(uintptr(0)) == 8 && size > 240 {
		t.Errorf("C12_future_size: a future of an int has %d bytes, want at most 240", size)
	}
}
