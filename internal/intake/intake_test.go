package intake_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/task"
)

var errWhy = errors.New("why")

// hand is an executor that starts and ends nodes when the test says so.
type hand struct {
	intake.Intake
	ready chan struct{} // holds a token when there may be something to pop
}

func newHand(cfg intake.Config) *hand {
	h := &hand{ready: make(chan struct{}, 1)}
	cfg.Package, cfg.Host, cfg.Ready = "hand", h, h.signal
	h.Init(cfg)
	return h
}

func (h *hand) signal() {
	select {
	case h.ready <- struct{}{}:
	default:
	}
}

func (h *hand) pop() *task.Node {
	h.Lock()
	defer h.Commit()
	return h.PopLocked()
}

func (h *hand) finish(n *task.Node) {
	n.Job.Run(n.Context())
	n.End()
	h.Intake.End(n)
}

// job records its outcome.
type job struct {
	id        int
	ran       atomic.Int32
	abandoned atomic.Int32
	cause     error
}

func (j *job) Run(context.Context) { j.ran.Add(1) }
func (j *job) Abandon(cause error) { j.cause = cause; j.abandoned.Add(1) }

// adds checks clause 11 at rest.
func adds(t *testing.T, s quartet.Stats) {
	t.Helper()
	require.Equal(t, s.Submitted, s.Done+s.Failed+s.Abandoned+s.Running+s.Waiting+s.Queued)
}

// Random steps, in one goroutine, compared with a slice.
func TestIntakeAgainstASlice(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 50 {
		const room = 6
		h := newHand(intake.Config{Queue: room, InFlight: 2 * room, Full: intake.Reject})
		var queue []*job
		var running []*task.Node
		nodes := map[*job]*task.Node{}
		want := quartet.Stats{Limit: 1}
		for id := range 400 {
			switch r.IntN(5) {
			case 0, 1:
				j := &job{id: id}
				n := task.Of(context.Background(), j)
				err := h.SubmitNode(n)
				if len(queue) == room || len(queue)+len(running) == 2*room {
					require.ErrorIs(t, err, quartet.ErrSaturated)
					want.Rejected++
					break
				}
				require.NoError(t, err)
				queue, nodes[j] = append(queue, j), n
				want.Submitted++
			case 2:
				n := h.pop()
				if len(queue) == 0 {
					require.Nil(t, n)
					break
				}
				require.Same(t, queue[0], n.Job, "in order")
				queue, running = queue[1:], append(running, n)
			case 3:
				if len(running) > 0 {
					i := r.IntN(len(running))
					n := running[i]
					running = append(running[:i], running[i+1:]...)
					h.finish(n)
					require.Equal(t, int32(1), n.Job.(*job).ran.Load())
					want.Done++
				}
			case 4:
				if len(queue) > 0 {
					i := r.IntN(len(queue))
					j := queue[i]
					queue = append(queue[:i:i], queue[i+1:]...)
					require.True(t, nodes[j].Cancel(errWhy))
					require.Equal(t, int32(1), j.abandoned.Load())
					require.Equal(t, errWhy, j.cause)
					want.Abandoned++
				}
			}
			want.Queued, want.Running = uint64(len(queue)), uint64(len(running))
			got := h.Stats()
			got.QueueWait, got.RunTime = quartet.Histogram{}, quartet.Histogram{}
			require.Equal(t, want, got)
			adds(t, got)
		}
		for _, n := range running {
			h.finish(n)
		}
		h.CancelAndWait()
		for _, j := range queue {
			require.Equal(t, quartet.ErrClosed, j.cause)
		}
	}
}

func TestBlockedSubmittersEnterInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHand(intake.Config{Queue: 1})
		require.NoError(t, h.Submit(t.Context(), &job{id: 0}))
		for id := 1; id <= 5; id++ {
			go func() { _ = h.Submit(t.Context(), &job{id: id}) }()
			synctest.Wait()
		}
		for id := range 6 {
			n := h.pop()
			require.NotNil(t, n)
			require.Equal(t, id, n.Job.(*job).id)
			h.finish(n)
			synctest.Wait()
		}
		require.NoError(t, h.Drain(t.Context()))
	})
}

// The end of its ctx frees a blocked submitter, and lets nobody behind it wait longer.
func TestABlockedSubmitterGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHand(intake.Config{Queue: 1})
		require.NoError(t, h.Submit(t.Context(), &job{id: 0}))
		ctx, cancel := context.WithCancelCause(t.Context())
		gone, stays := make(chan error, 1), make(chan error, 1)
		go func() { gone <- h.Submit(ctx, &job{id: 1}) }()
		synctest.Wait()
		go func() { stays <- h.Submit(t.Context(), &job{id: 2}) }()
		synctest.Wait()
		cancel(errWhy)
		require.Equal(t, errWhy, <-gone)
		h.finish(h.pop())
		require.NoError(t, <-stays)
		n := h.pop()
		require.Equal(t, 2, n.Job.(*job).id)
		h.finish(n)
		require.Equal(t, uint64(1), h.Stats().Rejected)
		require.NoError(t, h.Drain(t.Context()))
	})
}

func TestShutdownRefusesBlockedSubmitters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHand(intake.Config{Queue: 1})
		first := &job{}
		require.NoError(t, h.Submit(t.Context(), first))
		refused := make(chan error, 3)
		for range 3 {
			go func() { refused <- h.Submit(t.Context(), &job{}) }()
		}
		synctest.Wait()
		h.CancelAndWait()
		for range 3 {
			require.ErrorIs(t, <-refused, quartet.ErrClosed)
		}
		require.Equal(t, quartet.ErrClosed, first.cause)
		adds(t, h.Stats())
	})
}

// A queued node goes when its ctx does, and its room is free then.
func TestTheEndOfAContextEmptiesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHand(intake.Config{Queue: 4, Full: intake.Reject})
		ctx, cancel := context.WithCancelCause(t.Context())
		jobs := [3]*job{{id: 0}, {id: 1}, {id: 2}}
		for _, j := range jobs {
			require.NoError(t, h.Submit(ctx, j))
		}
		kept := &job{id: 3}
		require.NoError(t, h.Submit(t.Context(), kept))
		require.ErrorIs(t, h.Submit(t.Context(), &job{}), quartet.ErrSaturated)
		cancel(errWhy)
		synctest.Wait()
		for _, j := range jobs {
			require.Equal(t, int32(1), j.abandoned.Load())
			require.Equal(t, errWhy, j.cause)
		}
		require.Equal(t, errWhy, h.Submit(ctx, &job{}), "an ended ctx is refused with its cause")
		require.NoError(t, h.Submit(t.Context(), &job{id: 4}))
		require.Same(t, kept, h.pop().Job)
		require.Equal(t, uint64(1), h.Stats().Running)
		adds(t, h.Stats())
		h.Cancel()
		synctest.Wait()
	})
}

func TestHoldKeepsADrainWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHand(intake.Config{})
		h.Lock()
		h.HoldLocked()
		h.Commit()
		drained := make(chan error, 1)
		go func() { drained <- h.Drain(t.Context()) }()
		synctest.Wait()
		require.Empty(t, drained)
		h.Lock()
		h.ReleaseLocked(1)
		h.Commit()
		require.NoError(t, <-drained)
	})
}

// Submitters, workers, cancellers and a stop at once: each job gets one outcome, and the numbers
// add up.
func TestStormAddsUp(t *testing.T) {
	for range 10 {
		h := newHand(intake.Config{Queue: 4, InFlight: 8})
		var accepted, refused atomic.Int64
		var mu sync.Mutex
		var all []*job
		var submitters, workers sync.WaitGroup
		stop := make(chan struct{})
		for range 4 {
			workers.Go(func() {
				for {
					if n := h.pop(); n != nil {
						h.signal() // one token for many nodes: pass it on
						h.finish(n)
						continue
					}
					select {
					case <-stop:
						return
					case <-h.ready:
					}
				}
			})
			submitters.Go(func() {
				for i := range 200 {
					ctx, cancel := context.WithCancel(t.Context())
					j := &job{}
					if i%3 == 0 {
						go cancel()
					}
					if h.Submit(ctx, j) == nil {
						accepted.Add(1)
						mu.Lock()
						all = append(all, j)
						mu.Unlock()
					} else {
						refused.Add(1)
					}
					defer cancel()
				}
			})
		}
		submitters.Wait()
		require.NoError(t, h.Drain(t.Context()))
		close(stop)
		workers.Wait()
		s := h.Stats()
		require.Equal(t, uint64(accepted.Load()), s.Submitted)
		require.Equal(t, uint64(refused.Load()), s.Rejected)
		require.Equal(t, s.Submitted, s.Done+s.Abandoned)
		for _, j := range all {
			require.Equal(t, int32(1), j.ran.Load()+j.abandoned.Load())
		}
	}
}

func TestNotNil(t *testing.T) {
	require.PanicsWithValue(t, "hand: Go of a nil task", func() { intake.NotNil("hand", "Go", t.Context(), nil) })
	require.PanicsWithValue(t, "hand: Go of a nil task", func() {
		intake.NotNil("hand", "Go", t.Context(), quartet.TaskFunc(nil))
	})
	require.PanicsWithValue(t, "hand: Config.Queue is negative: -1", func() { newHand(intake.Config{Queue: -1}) })
}
