package workerpool_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

func single(context.Context) (int, error) { return 1, nil }

// occupied returns a pool of one worker that a task keeps, and what ends that task.
func occupied(t *testing.T, cfg workerpool.Config) (p *workerpool.Pool, free func()) {
	cfg.Workers = 1
	p = workerpool.New(cfg)
	began, goOn := make(chan struct{}), make(chan struct{})
	require.NoError(t, p.Go(func() {
		close(began)
		<-goOn
	}))
	<-began
	return p, sync.OnceFunc(func() { close(goOn) })
}

// warm has n calls at once, and one nested in each, run on p, some times over. The times of the
// first one in each seat are taken, so that it begins under the lock; the next do not.
func warm(p *workerpool.Pool, n int) {
	for range 2 * n {
		var all, begun sync.WaitGroup
		begun.Add(n)
		for range n {
			all.Go(func() {
				_ = quartet.Run(context.Background(), p, func(ctx context.Context) error {
					return quartet.Run(ctx, p, func(context.Context) error {
						begun.Done()
						begun.Wait()
						return nil
					})
				})
			})
		}
		all.Wait()
	}
}

// The room of a cancelled task is free at once, wherever that was queued, and it is counted once.
func TestCancelledTaskGivesItsRoomBack(t *testing.T) {
	p, free := occupied(t, workerpool.Config{Queue: 2, Saturation: workerpool.Reject})
	a, b := quartet.Go(context.Background(), p, single), quartet.Go(context.Background(), p, single)
	_, err := quartet.Go(context.Background(), p, single).Result()
	require.ErrorIs(t, err, quartet.ErrSaturated)
	require.True(t, a.Cancel(nil))
	s := p.Stats()
	require.Equal(t, [3]uint64{3, 1, 1}, [3]uint64{s.Submitted, s.Queued, s.Abandoned})
	c := quartet.Go(context.Background(), p, single)
	free()
	for _, f := range []*quartet.Future[int]{b, c} {
		_, err := f.Await(context.Background())
		require.NoError(t, err)
	}
	require.NoError(t, p.Close())
	s = p.Stats()
	require.Equal(t, [4]uint64{4, 3, 1, 0}, [4]uint64{s.Submitted, s.Done, s.Abandoned, s.Queued})
}

// Leaves and tasks of one submitter start in the order in which they were submitted, also when
// somebody has looked at the queue in between.
func TestLeavesAndTasksKeepTheirOrder(t *testing.T) {
	for _, look := range []bool{false, true} {
		p, free := occupied(t, workerpool.Config{})
		var order, want []int
		for i := range 60 {
			want = append(want, i)
			if i%3 == 0 {
				require.NoError(t, p.Go(func() { order = append(order, i) }))
			} else {
				require.NoError(t, p.SubmitTask(context.Background(),
					quartet.TaskFunc(func(context.Context) { order = append(order, i) })))
			}
			if look && i%20 == 10 {
				require.NotEmpty(t, p.Tasks(true, 100))
			}
		}
		free()
		require.NoError(t, p.Shutdown(context.Background()))
		require.Equal(t, want, order)
	}
}

// Close abandons tasks that are queued in the lane, and cancels calls that began without the lock.
func TestCloseReachesAll(t *testing.T) {
	p, free := occupied(t, workerpool.Config{Queue: 8})
	f := quartet.Go(context.Background(), p, single)
	closed := make(chan error)
	go func() { closed <- p.Close() }()
	_, err := f.Await(context.Background())
	require.ErrorIs(t, err, quartet.ErrClosed)
	free()
	require.NoError(t, <-closed)

	p = workerpool.New(workerpool.Config{Workers: 2})
	warm(p, 1)
	began := make(chan struct{})
	go func() {
		<-began
		closed <- p.Close()
	}()
	err = quartet.Run(context.Background(), p, func(ctx context.Context) error {
		return quartet.Run(ctx, p, func(ctx context.Context) error {
			close(began)
			<-ctx.Done()
			return context.Cause(ctx)
		})
	})
	require.ErrorIs(t, err, quartet.ErrClosed)
	require.NoError(t, <-closed)
}

// A call that began without the lock is listed, and lends its slot, as one that queued.
func TestCallsAreTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1})
		defer p.Close()
		for range 3 { // the times of the first one are taken
			err := quartet.Run(context.Background(), p, func(ctx context.Context) error {
				return quartet.Run(ctx, p, func(ctx context.Context) error {
					s := p.Stats()
					require.Equal(t, [2]uint64{1, 1}, [2]uint64{s.Running, s.Waiting})
					states := []quartet.EventKind{}
					for _, task := range p.Tasks(false, 10) {
						states = append(states, task.State)
					}
					slices.Sort(states)
					require.Equal(t, []quartet.EventKind{quartet.EventStarted, quartet.EventSuspended}, states)
					v, err := quartet.Go(context.Background(), p, single).Await(ctx) // on the slot that this one lends
					require.Equal(t, 1, v)
					return err
				})
			})
			require.NoError(t, err)
		}
		synctest.Wait()
		s := p.Stats()
		require.Equal(t, [4]uint64{9, 9, 0, 0}, [4]uint64{s.Submitted, s.Done, s.Running, s.Waiting})
	})
}

// Whoever waits while calls have all slots starts when one of them ends: a leaf, a task, or a task
// that comes back from a wait.
func TestCallsLetOthersStart(t *testing.T) {
	for _, waits := range []func(p *workerpool.Pool, resume func()) *quartet.Future[int]{
		func(p *workerpool.Pool, _ func()) *quartet.Future[int] {
			f := make(chan int, 1)
			_ = p.Go(func() { f <- 1 })
			return quartet.Go(context.Background(), quartet.Inline(), func(ctx context.Context) (int, error) {
				return <-f, nil
			})
		},
		func(p *workerpool.Pool, _ func()) *quartet.Future[int] {
			return quartet.Go(context.Background(), p, single)
		},
		func(_ *workerpool.Pool, resume func()) *quartet.Future[int] {
			resume()
			return nil
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := workerpool.New(workerpool.Config{Workers: 2})
			defer p.Close()
			warm(p, 2)
			resume := make(chan func(), 1)
			back := quartet.Go(context.Background(), p, func(ctx context.Context) (int, error) {
				return 1, quartet.Suspend(ctx, func(r func()) { resume <- r })
			})
			synctest.Wait()
			goOn := <-resume
			var calls sync.WaitGroup
			ends := make([]chan struct{}, 2)
			for i := range ends {
				ends[i] = make(chan struct{})
				calls.Go(func() {
					_ = quartet.Run(context.Background(), p, func(context.Context) error {
						<-ends[i]
						return errors.New("planted")
					})
				})
			}
			synctest.Wait()
			first := make(chan *quartet.Future[int])
			go func() { first <- waits(p, goOn) }()
			synctest.Wait()
			require.Equal(t, uint64(2), p.Stats().Running)
			close(ends[0])
			f := <-first
			if f == nil {
				f = back
			}
			_, err := f.Await(context.Background())
			require.NoError(t, err)
			goOn()
			_, err = back.Await(context.Background())
			require.NoError(t, err)
			close(ends[1])
			calls.Wait()
			require.Equal(t, uint64(2), p.Stats().Failed)
		})
	}
}

// A worker that runs tasks without the lock looks out for the next one. It tells of a second one
// that comes meanwhile: here that ends the first.
func TestNoTaskWaitsBehindAWorkerThatLookedOutForIt(t *testing.T) {
	p := workerpool.New(workerpool.Config{Workers: 2})
	for range 20_000 {
		met := make(chan struct{})
		first := quartet.Go(context.Background(), p, func(context.Context) (int, error) { <-met; return 1, nil })
		second := quartet.Go(context.Background(), p, func(context.Context) (int, error) { close(met); return 2, nil })
		for _, f := range []*quartet.Future[int]{first, second} {
			_, err := f.Await(context.Background())
			require.NoError(t, err)
		}
	}
	require.NoError(t, p.Close())
	s := p.Stats()
	require.Equal(t, [3]uint64{40_000, 40_000, 0}, [3]uint64{s.Submitted, s.Done, s.Running})
}

// free has a task of p run without the lock: the times of the first one are taken, under the lock.
func free(t *testing.T, p *workerpool.Pool, fn func(context.Context) (int, error)) *quartet.Future[int] {
	_, err := quartet.Go(context.Background(), p, single).Await(context.Background())
	require.NoError(t, err)
	for p.Stats().Running > 0 { // the pool takes a task back after its future has ended
		runtime.Gosched()
	}
	began := make(chan struct{})
	f := quartet.Go(context.Background(), p, func(ctx context.Context) (int, error) {
		close(began)
		return fn(ctx)
	})
	<-began
	return f
}

// Whoever needs a task that runs without the lock finds it: a list, an observer, Close, and the
// task itself when it waits.
func TestATaskWithoutTheLockIsFound(t *testing.T) {
	background := context.Background()
	for name, test := range map[string]func(p *workerpool.Pool, goOn func(), f *quartet.Future[int]){
		"a list": func(p *workerpool.Pool, goOn func(), f *quartet.Future[int]) {
			for range 2 {
				started := p.Tasks(false, 10)
				require.Len(t, started, 1)
				require.Equal(t, quartet.EventStarted, started[0].State)
				require.NotZero(t, started[0].Goroutine)
				require.EqualValues(t, 2, started[0].Task)
			}
			goOn()
			v, err := f.Await(background)
			require.NoError(t, err)
			require.Equal(t, 7, v)
		},
		"an observer": func(p *workerpool.Pool, goOn func(), f *quartet.Future[int]) {
			ended := make(chan quartet.Event, 10)
			stop := p.Watch(observing(func(e quartet.Event) { ended <- e }))
			defer stop()
			goOn()
			e := <-ended
			require.Equal(t, quartet.EventEnded, e.Kind)
			require.EqualValues(t, 2, e.Task)
		},
		"Close": func(p *workerpool.Pool, goOn func(), f *quartet.Future[int]) {
			defer goOn()
			go func() { _ = p.Close() }()
			_, err := f.Await(background)
			require.ErrorIs(t, err, quartet.ErrClosed)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := workerpool.New(workerpool.Config{Workers: 2})
			defer p.Close()
			gate := make(chan struct{})
			goOn := sync.OnceFunc(func() { close(gate) })
			f := free(t, p, func(ctx context.Context) (int, error) {
				select {
				case <-gate:
					return 7, nil
				case <-ctx.Done():
					return 0, context.Cause(ctx)
				}
			})
			s := p.Stats()
			require.Equal(t, [3]uint64{2, 1, 1}, [3]uint64{s.Submitted, s.Done, s.Running})
			test(p, goOn, f)
			goOn()
			_, _ = f.Await(background)
			require.NoError(t, p.Shutdown(background))
			s = p.Stats()
			require.Equal(t, [3]uint64{2, 2, 0}, [3]uint64{s.Submitted, s.Done + s.Failed, s.Running})
		})
	}
}

type observing func(quartet.Event)

func (o observing) Observe(e quartet.Event) { o(e) }

// A task that runs without the lock lends its slot while it waits, and ends as every other.
func TestATaskWithoutTheLockLends(t *testing.T) {
	background := context.Background()
	p := workerpool.New(workerpool.Config{Workers: 1})
	f := free(t, p, func(ctx context.Context) (int, error) {
		v, err := quartet.Go(background, p, single).Await(ctx)
		return v + 1, err
	})
	v, err := f.Await(background)
	require.NoError(t, err)
	require.Equal(t, 2, v)
	require.NoError(t, p.Shutdown(background))
	s := p.Stats()
	require.Equal(t, [4]uint64{3, 3, 0, 0}, [4]uint64{s.Submitted, s.Done, s.Running, s.Waiting})
}

// Bare tasks that panic or call Goexit without the lock count as failed, whether they were taken
// over before or not, and the pool goes on.
func TestBareTasksWithoutTheLockFail(t *testing.T) {
	for _, looked := range []bool{false, true} {
		var told []error
		p := workerpool.New(workerpool.Config{Workers: 1, OnPanic: func(err error) { told = append(told, err) }})
		for i := range 20 {
			require.NoError(t, p.SubmitTask(context.Background(), quartet.TaskFunc(func(context.Context) {
				if looked {
					p.Tasks(false, 1)
				}
				switch i % 3 {
				case 0:
					panic("planted")
				case 1:
					runtime.Goexit()
				}
			})))
		}
		require.NoError(t, p.Shutdown(context.Background()))
		s := p.Stats()
		require.Equal(t, [4]uint64{20, 6, 14, 0}, [4]uint64{s.Submitted, s.Done, s.Failed, s.Running})
		require.Len(t, told, 14)
	}
}
