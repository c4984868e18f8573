package intake_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/task"
)

// Nothing that happens to one of many queued nodes walks along the others.
func TestNothingGrowsWithWhatWaits(t *testing.T) {
	const many = 3000
	type fate func(t *testing.T, h *hand, submit func(context.Context, *job), cancel []context.CancelCauseFunc)
	for name, fate := range map[string]fate{
		"each context ends": func(_ *testing.T, _ *hand, _ func(context.Context, *job), cancel []context.CancelCauseFunc) {
			for _, c := range cancel {
				c(errWhy)
			}
		},
		"newer ones take their room": func(t *testing.T, _ *hand, submit func(context.Context, *job), _ []context.CancelCauseFunc) {
			for range many {
				submit(t.Context(), &job{})
			}
		},
		"they start and end": func(_ *testing.T, h *hand, _ func(context.Context, *job), _ []context.CancelCauseFunc) {
			for n := h.pop(); n != nil; n = h.pop() {
				h.SetWaiting(n, true)
				h.SetWaiting(n, false)
				h.finish(n)
			}
		},
	} {
		for _, held := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				h := newHand(intake.Config{Queue: many, InFlight: 10 * many, Full: intake.DropOldest})
				keys := intake.Keys{}
				jobs, cancel := make([]*job, many), make([]context.CancelCauseFunc, many)
				submit := func(ctx context.Context, j *job) {
					n := task.Of(ctx, j)
					if held {
						n.Data = &intake.Key{Keys: keys, Of: 1}
					}
					require.NoError(t, h.SubmitNode(n))
				}
				for i := range jobs {
					var ctx context.Context
					ctx, cancel[i] = context.WithCancelCause(t.Context())
					jobs[i] = &job{id: i}
					submit(ctx, jobs[i])
				}
				before := h.Visited()
				fate(t, h, submit, cancel)
				synctest.Wait()
				require.Equal(t, before, h.Visited(), "%s, held %v", name, held)
				for _, j := range jobs {
					require.EqualValues(t, 1, j.ran.Load()+j.abandoned.Load(), name)
				}
				h.Cancel()
				for _, c := range cancel {
					c(nil)
				}
				synctest.Wait()
				adds(t, h.Stats())
			})
		}
	}
}

// All who wait with one context go one by one when it ends: nobody has to wait for the lock as long
// as that takes.
func TestTheEndOfOneContextLetsOthersIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHand(intake.Config{})
		ctx, cancel := context.WithCancelCause(t.Context())
		jobs := make([]*job, 1000)
		for i := range jobs {
			jobs[i] = &job{}
			require.NoError(t, h.Submit(ctx, jobs[i]))
		}
		before := h.Visited()
		cancel(errWhy)
		synctest.Wait()
		require.Equal(t, before, h.Visited())
		require.Equal(t, quartet.Stats{Submitted: 1000, Abandoned: 1000, Limit: 1}, withoutTimes(h.Stats()))
		require.NoError(t, h.Drain(t.Context()))
	})
}

// A submit under RejectLate looks at a bounded number of nodes, however many run, wait, are queued
// and are at the door, also for a task of a key within a limit.
func TestRejectLateLooksAtFewNodes(t *testing.T) {
	looks := func(t *testing.T, many int) (each []int) {
		synctest.Test(t, func(t *testing.T) {
			slots := many
			h := newHand(intake.Config{
				Queue: 8 * many, InFlight: 100 * many, Full: intake.Reject, RejectLate: true,
				Slots: func() int { return slots },
			})
			limit := task.NewTurnstile(many)
			keys := intake.Keys{}
			ctx, cancel := context.WithTimeout(t.Context(), 1000*time.Hour)
			defer cancel()
			submit := func(key any, next *task.Turnstile) {
				n := task.Of(ctx, &job{})
				if key != nil {
					n.Data = &intake.Key{Keys: keys, Of: key, Next: next}
				}
				require.NoError(t, h.SubmitNode(n))
			}
			for i := range many { // run, and the half of them waits
				submit(i, limit)
				n := h.pop()
				h.SetWaiting(n, i%2 == 0)
			}
			for i := range many { // are queued: before their keys, and for a slot
				submit(i, limit)
				submit(-1, nil)
				submit(nil, nil)
			}
			for _, how := range []func(){
				func() { submit(nil, nil) },
				func() { submit(-1, nil) },
				func() { submit(many-1, limit) },
				func() { submit(many, limit) },
				func() { h.ExpectedWait(&task.Node{}) },
			} {
				before := h.Visited()
				how()
				each = append(each, h.Visited()-before)
			}
			h.Cancel()
		})
		return each
	}
	few, many := looks(t, 500), looks(t, 5000)
	require.Equal(t, few, many, "it grows with what there is")
	for _, n := range few {
		require.Positive(t, n)
		// Two estimates, each of which looks at the oldest of those that run, and at a key and at a
		// limit again at the oldest of those that run and of those that wait.
		require.LessOrEqual(t, n, 2*(1+2*2)*65)
	}
}

// crowded is a job that notes, when it is abandoned, whether the context of another node is watched
// still.
type crowded struct {
	job
	in      *intake.Intake
	other   *task.Node
	watched []bool
}

func (c *crowded) Abandon(cause error) {
	c.in.Lock()
	c.watched = append(c.watched, c.other.Watch != nil)
	c.in.Unlock()
	c.job.Abandon(cause)
}

// The nodes of a context that has ended are not taken from it under one lock: the first is
// abandoned before anything happens to the last.
func TestTheEndOfOneContextTakesOneNodeAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHand(intake.Config{})
		ctx, cancel := context.WithCancelCause(t.Context())
		c := &crowded{in: &h.Intake}
		const many = 100
		want := make([]bool, many)
		for i := range many {
			n := task.Of(ctx, c)
			if i == 0 {
				c.other = n // the oldest goes last
			}
			require.NoError(t, h.SubmitNode(n))
			want[i] = i < many-1
		}
		cancel(errWhy)
		synctest.Wait()
		require.Equal(t, want, c.watched)
		require.NoError(t, h.Drain(t.Context()))
	})
}

func withoutTimes(s quartet.Stats) quartet.Stats {
	s.QueueWait, s.RunTime = quartet.Histogram{}, quartet.Histogram{}
	return s
}
