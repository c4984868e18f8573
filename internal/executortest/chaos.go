package executortest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quartet-go/quartet"
)

var (
	firstRound = flag.Int("round", 0, "executortest: the first round of Storm/anything, to see again one that failed")
	manyRounds = flag.Int("rounds", 200_000,
		"executortest: how many rounds of Storm/anything -long runs, for each size")
)

// stormAnything lets some actors do anything to one executor at once, until somebody ends it:
// submit what returns, fails, panics, exits, waits and submits in its turn, through views and
// wrappers; await, cancel, resize, look, shut down. Then it accounts for every submit: one outcome
// each, and the executor's numbers are those of the tasks. A round is its number's seed.
func stormAnything(e *env) {
	last := *firstRound + rounds(*manyRounds)
	submits := int64(0)
	for round := *firstRound; round < last; round++ {
		c := newChaos(e, round)
		c.play()
		submits += c.attempts.Load()
		if e.Failed() {
			e.Fatalf("round %d (run it again with -round %d)", round, round)
		}
	}
	e.Logf("%d rounds, %d submits, each accounted for", last-*firstRound, submits)
}

// chaos is one round.
type chaos struct {
	e     *env
	round int
	r     quartet.Runner
	pick  func(rng *rand.Rand) quartet.Runner // the executor itself, or a way into it

	made     atomic.Uint64 // tasks, for their numbers
	attempts atomic.Int64  // submits
	refused  atomic.Int64  // bare ones
	dropped  atomic.Int64  // bare ones, abandoned
	good     atomic.Int64  // tasks that returned without an error
	bad      atomic.Int64  // that ran and did not
	loud     atomic.Int64  // of these: panics and exits
	heard    atomic.Int64  // calls of OnPanic

	mu      sync.Mutex
	cancels []context.CancelFunc
	ended   []func() (ran bool) // of futures: checks one that must have ended
}

func newChaos(e *env, round int) *chaos {
	c := &chaos{e: e, round: round}
	rng := c.random(0)
	o := Options{Size: e.size, Queue: 1 + rng.IntN(6), Full: Full(rng.IntN(3)), OnPanic: func(error) { c.heard.Add(1) }}
	if rng.IntN(3) == 0 {
		o.InFlight = 1 + rng.IntN(8)
	}
	r, closures := e.subject.New(e.T, o).(quartet.Runner)
	if !closures {
		e.Skip("not a Runner: closures do not compile")
	}
	c.r = r
	view := func(*rand.Rand) quartet.Runner { return r }
	if e.subject.Views != nil {
		view = e.subject.Views(r)
	}
	c.pick = func(rng *rand.Rand) quartet.Runner {
		switch rng.IntN(6) {
		case 0:
			return view(rng)
		case 1:
			return runnerWrapper{wrapper{view(rng)}}
		}
		return r
	}
	return c
}

func (c *chaos) random(who uint64) *rand.Rand { return rand.New(rand.NewPCG(uint64(c.round), who)) }

// play is the round: the actors, and one who ends it.
func (c *chaos) play() {
	hung := time.AfterFunc(2*time.Minute, func() {
		_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 2)
		panic(fmt.Sprintf("%s: round %d hangs: %+v", c.e.Name(), c.round, c.numbers()))
	})
	defer hung.Stop()
	var actors sync.WaitGroup
	rng := c.random(1)
	for i := range 1 + rng.IntN(4) {
		actors.Go(func() { c.act(c.random(uint64(100 + i))) })
	}
	actors.Go(func() {
		dither(rng, 300)
		c.end(rng, background)
	})
	actors.Wait()
	ok(c.e, "Close", c.r.Close())
	for _, cancel := range c.cancels {
		cancel()
	}
	c.account()
}

// end is one of the ways to end an executor, or none.
func (c *chaos) end(rng *rand.Rand, ctx context.Context) {
	switch rng.IntN(5) {
	case 0:
		_ = c.r.Close()
	case 1:
		_ = c.r.Shutdown(ctx)
	case 2:
		ctx, cancel := context.WithTimeout(ctx, time.Duration(rng.IntN(100))*time.Microsecond)
		defer cancel()
		_ = c.r.Shutdown(ctx)
	case 3:
		ctx, cancel := context.WithCancelCause(ctx)
		cancel(errCause)
		_ = c.r.Shutdown(ctx)
	}
}

// act is one actor's life.
func (c *chaos) act(rng *rand.Rand) {
	var cancel context.CancelCauseFunc
	renew := func() (ctx context.Context) {
		ctx, cancel = context.WithCancelCause(background)
		return ctx
	}
	ctx := renew()
	defer func() { cancel(errOther) }()
	for range 1 + rng.IntN(12) {
		switch rng.IntN(12) {
		case 0:
			cancel(errOther)
			ctx = renew()
		case 1:
			if s, has := stats(c.r); has && s.Done+s.Failed+s.Abandoned > s.Submitted {
				c.e.Errorf("more has ended than was submitted: %+v", s)
			}
		case 2:
			if c.e.subject.Resize != nil {
				c.e.subject.Resize(c.r, 1+rng.IntN(4))
			}
		default:
			c.submit(ctx, rng, 2)
		}
		dither(rng, 4)
	}
}

// submit does one of all kinds of submit. depth is how deep the task's own submits may go.
func (c *chaos) submit(ctx context.Context, rng *rand.Rand, depth int) {
	r := c.pick(rng)
	c.attempts.Add(1)
	switch rng.IntN(8) {
	case 0:
		t := &chaosTask{chaos: c, number: c.made.Add(1), depth: depth}
		t.submitted(r.SubmitTask(ctx, t))
	case 1:
		t := &chaosTask{chaos: c, number: c.made.Add(1), depth: depth}
		t.submitted(r.SubmitCall(ctx, t))
	case 2:
		var ex quartet.Executor = r
		if rng.IntN(2) == 0 {
			ex = quartet.Serialized(ex)
		}
		number := int(c.made.Add(1))
		c.watch(ctx, rng, called(c, identity.Go(ctx, ex, number), number))
	case 3:
		number := c.made.Add(1)
		ran := false
		got, err := quartet.Do(ctx, r, func(ctx context.Context) (uint64, error) {
			ran = true
			return c.body(ctx, number, depth, false)
		})
		c.mu.Lock()
		c.ended = append(c.ended, func() bool {
			if ran && err == nil && got != number || !ran && err == nil {
				c.e.Errorf("Do %d: ran %t, returned %d, %v", number, ran, got, err)
			}
			return ran
		})
		c.mu.Unlock()
	default:
		number := c.made.Add(1)
		var runs atomic.Int64
		f := quartet.Go(ctx, r, func(ctx context.Context) (uint64, error) {
			runs.Add(1)
			return c.body(ctx, number, depth, true)
		})
		c.watch(ctx, rng, submitted(c, f, number, &runs))
	}
}

// handle is a future, whatever its type.
type handle struct {
	await  func(context.Context)
	cancel func() bool
	done   func() <-chan struct{}
	check  func() (ran bool)
}

// submitted is the handle of a future whose task counts its runs.
func submitted(c *chaos, f *quartet.Future[uint64], number uint64, runs *atomic.Int64) handle {
	h := handleOf(f)
	h.check = func() bool {
		got, err := f.Result()
		switch n := runs.Load(); {
		case errors.Is(err, quartet.ErrPending), n > 1, n == 0 && err == nil, err == nil && got != number:
			c.e.Errorf("future %d: %d runs, result %d, %v", number, n, got, err)
		}
		return runs.Load() > 0
	}
	return h
}

// called is the handle of a call of identity: it has run if and only if it has not failed.
func called(c *chaos, f *quartet.Future[int], number int) handle {
	h := handleOf(f)
	h.check = func() bool {
		got, err := f.Result()
		if errors.Is(err, quartet.ErrPending) || err == nil && got != number {
			c.e.Errorf("call %d: result %d, %v", number, got, err)
		}
		if err == nil {
			c.good.Add(1)
		}
		return err == nil
	}
	return h
}

func handleOf[T any](f *quartet.Future[T]) handle {
	return handle{
		await:  func(ctx context.Context) { _, _ = f.Await(ctx) },
		cancel: func() bool { return f.Cancel(errCause) },
		done:   f.Done,
	}
}

// watch does one of the things that can be done with a future.
func (c *chaos) watch(ctx context.Context, rng *rand.Rand, h handle) {
	c.mu.Lock()
	c.ended = append(c.ended, h.check)
	c.mu.Unlock()
	switch rng.IntN(8) {
	case 0, 1, 2:
		h.await(ctx)
	case 3:
		short, cancel := context.WithTimeout(ctx, time.Duration(rng.IntN(50))*time.Microsecond)
		defer cancel()
		h.await(short)
	case 4:
		dither(rng, 3)
		h.cancel()
	case 5:
		_ = h.done()
	}
}

// body is what tasks do. A task may exit by Goexit where nobody else's goroutine runs it.
func (c *chaos) body(ctx context.Context, number uint64, depth int, mayExit bool) (uint64, error) {
	rng := c.random(1_000_000 + number)
	counted := false
	count := func(loud bool, n *atomic.Int64) {
		counted = true
		n.Add(1)
		if loud && !c.e.subject.Inline {
			c.loud.Add(1)
		}
	}
	defer func() {
		if !counted { // a nested Goexit that is the caller's
			c.bad.Add(1)
		}
	}()
	for range rng.IntN(3) {
		c.step(ctx, rng, depth)
	}
	switch end := rng.IntN(12); {
	case end == 0 && !c.e.subject.Inline:
		count(true, &c.bad)
		panic(errCause)
	case end == 1 && mayExit && !c.e.subject.Inline:
		count(true, &c.bad)
		runtime.Goexit()
	case end < 4:
		count(false, &c.bad)
		return 0, errOther
	}
	count(false, &c.good)
	return number, nil
}

// bounded bounds the waits of a task for others by time, where there are keys: two tasks, each with
// a key that the other waits for, would wait for ever.
func (c *chaos) bounded(ctx context.Context) context.Context {
	if c.e.subject.Views == nil {
		return ctx
	}
	ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancels = append(c.cancels, cancel)
	return ctx
}

// step is one thing that a task does on its way.
func (c *chaos) step(ctx context.Context, rng *rand.Rand, depth int) {
	brief := time.Duration(rng.IntN(50)) * time.Microsecond
	switch rng.IntN(10) {
	case 0:
		quartet.Yield(ctx)
	case 1:
		_ = quartet.Sleep(ctx, brief)
	case 2:
		short, cancel := context.WithTimeout(ctx, brief)
		defer cancel()
		_, _ = forever(short)
	case 3:
		_ = quartet.Block(ctx, runtime.Gosched)
	case 4:
		_ = quartet.Lend(ctx, runtime.Gosched)
	case 5:
		_ = quartet.Suspend(ctx, func(resume func()) { go resume() })
	case 6:
		if rng.IntN(20) == 0 {
			if err := c.r.Shutdown(ctx); !errors.Is(err, quartet.ErrInside) {
				c.e.Errorf("Shutdown from inside: %v", err)
			}
		}
	default:
		if depth > 0 {
			if rng.IntN(4) == 0 {
				ctx = context.WithoutCancel(ctx)
			}
			ctx = c.bounded(ctx)
			c.submit(ctx, rng, depth-1)
		}
	}
}

// chaosTask is a bare task, or a call that a program has written itself.
type chaosTask struct {
	*chaos
	number   uint64
	depth    int
	outcomes atomic.Int64
	accepted atomic.Int64
}

func (t *chaosTask) submitted(err error) {
	want := int64(1)
	if err != nil {
		want = 0
		t.refused.Add(1)
	}
	t.accepted.Store(want)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = append(t.ended, func() bool {
		if got := t.outcomes.Load(); got != want {
			t.e.Errorf("task %d: %d outcomes, want %d (the submit returned %v)", t.number, got, want, err)
		}
		return true // neither refused nor abandoned as a future is
	})
}

func (t *chaosTask) Run(ctx context.Context) {
	t.outcomes.Add(1)
	rng := t.random(2_000_000 + t.number)
	for range rng.IntN(2) {
		t.step(ctx, rng, t.depth)
	}
	if rng.IntN(8) == 0 && !t.e.subject.Inline {
		t.bad.Add(1)
		t.loud.Add(1)
		panic(errCause)
	}
	t.good.Add(1)
}

func (t *chaosTask) Abandon(error) {
	t.outcomes.Add(1)
	t.dropped.Add(1)
}

func (t *chaosTask) Name() string { return identity.Name() }

func (t *chaosTask) AppendInput(dst []byte, c quartet.Codec) ([]byte, error) { return c.Append(dst, 0) }
func (t *chaosTask) Resolve([]byte, quartet.Codec, error)                    { t.outcomes.Add(1) }

// numbers are the executor's.
func (c *chaos) numbers() quartet.Stats {
	s, _ := stats(c.r)
	s.QueueWait, s.RunTime = quartet.Histogram{}, quartet.Histogram{}
	return s
}

// account compares what the tasks know with what the executor says, after its Close.
func (c *chaos) account() {
	never := int64(0) // futures whose task never ran
	for _, check := range c.ended {
		if !check() {
			never++
		}
	}
	if c.e.Failed() {
		return
	}
	s := c.numbers()
	c.e.addsUp(s)
	equal(c.e, "left running, waiting or queued", s.Running+s.Waiting+s.Queued, 0)
	equal(c.e, "submits", int64(s.Submitted+s.Rejected), c.attempts.Load())
	equal(c.e, "done", int64(s.Done), c.good.Load())
	// A future inside a wrapper that is cancelled just as the wrapper starts never runs, and counts
	// as failed.
	lost := never + c.dropped.Load() + c.refused.Load()
	equal(c.e, "failed, abandoned or refused", int64(s.Failed+s.Abandoned+s.Rejected), c.bad.Load()+lost)
	equal(c.e, "failed are those that did", int64(s.Failed) >= c.bad.Load(), true)
	equal(c.e, "calls of OnPanic", c.heard.Load(), c.loud.Load())
	if c.e.Failed() {
		c.e.Logf("%+v", s)
	}
}
