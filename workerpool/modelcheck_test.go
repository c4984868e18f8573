package workerpool_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/executortest"
	"github.com/quartet-go/quartet/workerpool"
)

var oneSequence = flag.Int("sequence", -1, "model check: run this sequence alone")

// Random operations on a pool, each followed by a comparison of every task's state, every future's
// outcome and the numbers of Stats with those of the model. -args -long runs 100,000 sequences.
func TestModel(t *testing.T) {
	first, sequences := 0, 2_000
	switch {
	case *oneSequence >= 0:
		first, sequences = *oneSequence, *oneSequence+1
	case executortest.Long():
		sequences = 100_000
	case raceEnabled:
		sequences = 300
	}
	var seen [13]int
	for i := first; i < sequences && !t.Failed(); i++ {
		synctest.Test(t, func(t *testing.T) {
			s := newSequence(t, i)
			s.run()
			for state, n := range s.model.events {
				seen[state] += n
			}
		})
	}
	t.Logf("%d sequences; ends: %d done, %d failed, %d discarded, %d cancelled; refused: %d saturated, %d late, %d closed",
		sequences-first, seen[done], seen[failed], seen[dropped], seen[cancelled], seen[saturated], seen[late],
		seen[shut])
	for _, s := range []state{done, failed, dropped, cancelled, saturated, late, shut} {
		if seen[s] == 0 && *oneSequence < 0 {
			t.Errorf("no task ended as %d: the operations do not reach it", s)
		}
	}
}

var (
	errPlanned = errors.New("planned")
	errCancel  = errors.New("cancelled by the test")
)

// puppet is a task that follows orders, one at a time.
type puppet struct {
	leaf     bool
	endless  bool // its context cannot end, so that it may go by the lane
	orders   chan func(ctx context.Context) (over bool, err error)
	future   *quartet.Future[int]
	cancel   context.CancelCauseFunc
	returned bool  // the submit
	refusal  error // of a leaf
	runs     int
	atRest   bool // waits for an order
	ended    bool
	awaited  bool
	stopped  bool  // its context has ended
	got      error // from its last Await
}

func (p *puppet) run(ctx context.Context) (_ int, err error) {
	p.runs++
	defer func() { p.ended = true }()
	for over := false; !over; {
		p.atRest = true
		order := <-p.orders
		p.atRest = false
		over, err = order(ctx)
	}
	return 1, err
}

type sequence struct {
	t       *testing.T
	n       int
	r       *rand.Rand
	pool    *workerpool.Pool
	views   []quartet.Runner
	model   *model
	puppets []*puppet
	leaves  bool
	levels  bool
	shut    chan error // the result of Shutdown
	log     []string
}

func newSequence(t *testing.T, n int) *sequence {
	s := &sequence{t: t, n: n, r: rand.New(rand.NewPCG(uint64(n), 7)), shut: make(chan error, 1)}
	cfg := workerpool.Config{
		Workers: 1 + s.r.IntN(4), Queue: 1 + s.r.IntN(6), Saturation: workerpool.Saturation(s.r.IntN(3)),
		ExactTimes: s.r.IntN(2) == 0, OnPanic: func(error) {},
	}
	s.leaves = s.r.IntN(2) == 0
	s.levels = cfg.ExactTimes || !s.leaves // leaves that take no lock do not count among the starts of the levels
	s.model = &model{workers: cfg.Workers, queue: cfg.Queue, inFlight: 65_536, policy: int(cfg.Saturation)}
	if s.r.IntN(4) == 0 {
		cfg.InFlight = 2 + s.r.IntN(8)
		s.model.inFlight = cfg.InFlight
	}
	s.pool = workerpool.New(cfg)
	two, one := s.pool.Limit(2), s.pool.Limit(1)
	s.views = []quartet.Runner{
		s.pool, s.pool.Key("a"), s.pool.Key("b"), two, one, two.Key("a"),
		s.pool.Priority(workerpool.High), s.pool.Priority(workerpool.Low),
	}
	s.note("workers %d, queue %d, in flight %d, policy %d, exact %v", cfg.Workers, cfg.Queue, s.model.inFlight,
		s.model.policy, cfg.ExactTimes)
	return s
}

func (s *sequence) note(format string, args ...any) {
	s.log = append(s.log, fmt.Sprintf(format, args...))
}

func (s *sequence) run() {
	for range 10 + s.r.IntN(60) {
		s.step()
		synctest.Wait()
		if diff := s.compare(s.model); diff != "" {
			s.t.Errorf("sequence %d (-args -sequence %d):\n%s\n%s", s.n, s.n, strings.Join(s.log, "\n"), diff)
			break
		}
	}
	s.stop()
}

func (s *sequence) step() {
	at := s.pick(func(i int) bool { return s.puppets[i].atRest })
	op := s.r.IntN(100)
	switch {
	case op < 35 || len(s.puppets) == 0:
		s.submit(-1)
	case op < 41:
		n := 1 + s.r.IntN(5)
		s.note("resize %d", n)
		s.pool.Resize(n)
		s.model.resize(n)
	case op < 42 && !s.model.closed:
		s.note("shutdown")
		go func() { s.shut <- s.pool.Shutdown(context.Background()) }()
		s.model.shutdown()
	case op < 50:
		s.cancel()
	case at < 0:
		s.submit(-1)
	case op < 75:
		s.finish(at)
	case op < 80 && !s.puppets[at].leaf:
		s.note("yield %d", at)
		s.order(at, func(ctx context.Context) (bool, error) { quartet.Yield(ctx); return false, nil })
		s.model.yield(at)
	case op < 88 && !s.puppets[at].leaf && (s.model.policy != 0 || s.model.room(true)):
		s.submit(at)
	case !s.puppets[at].leaf && !s.puppets[at].stopped:
		s.await(at)
	default:
		s.finish(at)
	}
}

// pick returns a random task of which ok is true; -1: none.
func (s *sequence) pick(ok func(i int) bool) int {
	var all []int
	for i := range s.puppets {
		if ok(i) {
			all = append(all, i)
		}
	}
	if len(all) == 0 {
		return -1
	}
	return all[s.r.IntN(len(all))]
}

func (s *sequence) order(i int, do func(ctx context.Context) (bool, error)) {
	s.puppets[i].orders <- do
}

// submit submits a new task from outside, or from inside the task by. Whether one that awaits a
// task which is dropped for it is back before it takes a slot, nobody promises.
func (s *sequence) submit(by int) {
	p := &puppet{orders: make(chan func(context.Context) (bool, error))}
	view := s.r.IntN(len(ways))
	if p.leaf = s.leaves && by < 0 && s.r.IntN(3) == 0; p.leaf || !s.levels && ways[view].level != 0 {
		view = 0
	}
	p.endless = by < 0 && !p.leaf && s.r.IntN(2) == 0
	i := len(s.puppets)
	s.note("submit %d by %d, view %d, leaf %v, endless %v", i, by, view, p.leaf, p.endless)
	s.puppets = append(s.puppets, p)
	s.model.tasks = append(s.model.tasks, modelTask{way: ways[view], awaits: -1})
	s.model.set(i, blocked)
	hand := func(parent context.Context) {
		var ctx context.Context
		ctx, p.cancel = context.WithCancelCause(context.WithoutCancel(parent))
		if p.endless {
			ctx = parent
		}
		if p.leaf {
			p.refusal = s.pool.Go(func() {
				if _, err := p.run(ctx); err != nil {
					panic(err)
				}
			})
		} else {
			p.future = quartet.Go(ctx, s.views[view], p.run)
		}
		p.returned = true
	}
	if by < 0 {
		go hand(context.Background())
	} else {
		s.order(by, func(ctx context.Context) (bool, error) { hand(ctx); return false, nil })
	}
	before := s.model
	synctest.Wait()
	for _, soon := range []bool{true, false} {
		s.model = before.clone()
		s.model.submit(i, by >= 0, soon)
		if s.compare(s.model) == "" {
			return
		}
	}
}

func (s *sequence) cancel() {
	i := s.pick(func(i int) bool {
		p := s.puppets[i]
		return !p.leaf && !p.stopped && !s.model.tasks[i].ended && (p.returned || !p.endless)
	})
	if i < 0 {
		return
	}
	s.note("cancel %d", i)
	p := s.puppets[i]
	p.stopped = true
	if p.endless || p.returned && s.r.IntN(2) == 0 {
		p.future.Cancel(errCancel)
	} else {
		p.cancel(errCancel)
	}
	s.model.cancel(i)
}

func (s *sequence) await(i int) {
	what := s.pick(func(j int) bool { return j != i && s.puppets[j].future != nil && !s.puppets[j].awaited })
	if what < 0 {
		return
	}
	s.note("%d awaits %d", i, what)
	p, f := s.puppets[i], s.puppets[what].future
	s.puppets[what].awaited = true
	s.order(i, func(ctx context.Context) (bool, error) { _, p.got = f.Await(ctx); return false, nil })
	deadlock := s.model.await(i, what)
	synctest.Wait()
	if got := errors.Is(p.got, quartet.ErrDeadlock); got != deadlock {
		s.t.Errorf("sequence %d: deadlock %v, model %v", s.n, got, deadlock)
	}
	p.got = nil
	s.puppets[what].awaited = !deadlock
}

// finish ends a task in one of four ways. Whether one that awaits it is back before its slot is,
// nobody promises.
func (s *sequence) finish(i int) {
	how := s.r.IntN(8)
	s.note("finish %d, how %d", i, how)
	s.order(i, func(context.Context) (bool, error) {
		switch how {
		case 0:
			return true, errPlanned
		case 1:
			panic(errPlanned)
		case 2:
			runtime.Goexit()
		}
		return true, nil
	})
	end := done
	if how <= 2 {
		end = failed
	}
	before := s.model
	synctest.Wait()
	for _, when := range []back{after, between, early} {
		s.model = before.clone()
		s.model.finish(i, end, when, how == 2)
		if s.compare(s.model) == "" {
			return
		}
	}
}

// compare says where the pool and the model differ.
func (s *sequence) compare(m *model) string {
	var diff []string
	for i, p := range s.puppets {
		if want, got := m.tasks[i].state, p.state(m.tasks[i].state); want != got {
			diff = append(diff, fmt.Sprintf("task %d is %d, not %d", i, got, want))
		}
		if p.runs > 1 {
			diff = append(diff, fmt.Sprintf("task %d has run %d times", i, p.runs))
		}
	}
	have := s.pool.Stats()
	got := [...]int{
		int(have.Queued), int(have.Running), int(have.Waiting), int(have.Done), int(have.Failed),
		int(have.Abandoned), int(have.Rejected),
	}
	want := [...]int{
		m.count(held, ready), m.count(running), m.count(waiting, returning),
		m.count(done), m.count(failed), m.count(dropped, cancelled), m.count(saturated, late, shut),
	}
	if got != want {
		diff = append(diff,
			fmt.Sprintf("queued, running, waiting, done, failed, abandoned, rejected: %v, not %v", got, want))
	}
	return strings.Join(diff, "\n")
}

// state is what can be seen of the task from outside; want, where its states look the same.
func (p *puppet) state(want state) state {
	switch {
	case !p.returned:
		return blocked
	case p.atRest && !p.ended:
		return running
	case p.runs > 0 && !p.ended:
		return either(want, waiting, returning)
	case p.leaf && p.refusal != nil:
		return outcome(p.refusal, want)
	case p.leaf && p.ended:
		return either(want, done, failed)
	case p.leaf:
		return either(want, held, ready, dropped)
	}
	switch _, err := p.future.Result(); {
	case errors.Is(err, quartet.ErrPending):
		return either(want, held, ready)
	case err == nil:
		return done
	default:
		return outcome(err, want)
	}
}

func outcome(err error, want state) state {
	var panicked *quartet.PanicError
	switch {
	case errors.Is(err, quartet.ErrSaturated):
		return saturated
	case errors.Is(err, quartet.ErrDiscarded):
		return dropped
	case errors.Is(err, quartet.ErrClosed):
		return shut
	case errors.Is(err, errCancel):
		return either(want, cancelled, late)
	case errors.Is(err, quartet.ErrGoexit), errors.Is(err, errPlanned), errors.As(err, &panicked):
		return failed
	}
	return 99
}

func either(want state, of ...state) state {
	for _, s := range of {
		if s == want {
			return s
		}
	}
	return of[0]
}

// stop closes the pool while all goes on, and looks at the account.
func (s *sequence) stop() {
	closed := make(chan error, 1)
	go func() { closed <- s.pool.Close() }()
	for over := false; !over; {
		synctest.Wait()
		if i := s.pick(func(i int) bool { return s.puppets[i].atRest }); i >= 0 {
			s.order(i, func(context.Context) (bool, error) { return true, nil })
			continue
		}
		select {
		case <-closed:
		default:
			s.t.Errorf("sequence %d: Close does not return; %+v", s.n, s.pool.Stats())
			panic("model check: Close hangs:\n" + strings.Join(s.log, "\n"))
		}
		over = true
	}
	if s.model.closed {
		if err := <-s.shut; err != nil {
			s.t.Errorf("sequence %d: Shutdown: %v", s.n, err)
		}
	}
	n := s.pool.Stats()
	if n.Submitted != n.Done+n.Failed+n.Abandoned || n.Submitted+n.Rejected != uint64(len(s.puppets)) {
		s.t.Errorf("sequence %d: the account is wrong at the end: %+v of %d", s.n, n, len(s.puppets))
	}
	for i, p := range s.puppets {
		if !p.leaf {
			if _, err := p.future.Result(); errors.Is(err, quartet.ErrPending) {
				s.t.Errorf("sequence %d: future %d never ended", s.n, i)
			}
		}
		if p.runs > 1 {
			s.t.Errorf("sequence %d: task %d has run %d times", s.n, i, p.runs)
		}
		p.cancel(nil)
	}
}
