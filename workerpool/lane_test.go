package workerpool_test

import (
	"context"
	"errors"
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
