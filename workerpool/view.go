package workerpool

import (
	"context"
	"fmt"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/task"
)

// ErrView is [quartet.ErrView]: Shutdown and Close of a view give it, as they are the pool's.
var ErrView = quartet.ErrView

// Level is [quartet.Level]: a priority.
type Level = quartet.Level

// Tasks of a higher level start first. So that none starves, of 16 starts one goes to the normal
// tasks first and one to the low ones.
const (
	High   = quartet.LevelHigh
	Normal = quartet.LevelNormal
	Low    = quartet.LevelLow
)

// View is a way into a pool under which tasks run by a rule of their own: a priority, the order of
// a key, a limit. It is a [quartet.Runner] and costs nothing until it is used; [quartet.Current] in
// its tasks gives the pool. All methods may be called from any goroutine.
type View struct {
	pool  *Pool
	self  quartet.Runner // as the user has it: a *Limited is not its View
	level int8
	rule  *intake.Rule    // nil: it has neither a key nor a bound
	limit *task.Turnstile // nil: none
}

// Limited is a [View] of [Pool.Limit], which may have keys.
type Limited struct {
	View
	keys intake.Keys
}

var (
	_ quartet.Runner = (*View)(nil)
	_ quartet.Runner = (*Limited)(nil)
)

// Priority returns a view whose tasks have that priority; those given to the pool itself are
// [Normal]. It panics when the level is none of the three.
func (p *Pool) Priority(level Level) *View {
	p.made()
	if level < High || level > Low {
		panic(fmt.Sprintf("workerpool: Priority(%d) is unknown", level))
	}
	v := &View{pool: p, level: int8(level)}
	v.self = v
	return v
}

// Key returns a view whose tasks run in strict order, one at a time: the next one starts when the
// one before it has ended, also where that waited in between. Other keys are not held up, as long
// as the tasks that wait leave them workers and places: all keys share Config.Workers and
// Config.Queue, so that the backlog of one can fill the queue for all. Two views of the same key
// are one order.
//
// A task must not wait for a task queued under its own key, which starts only after it has ended.
// Await, AwaitAll, Do, Completed and Map return [quartet.ErrDeadlock] then, the last two once
// nothing else is left to wait for. Not seen are a Group.Wait for such a task, and a wait for a
// task that waits for one: they last until their ctx ends.
//
// It panics when key is nil, cannot be compared, or does not equal itself (math.NaN()).
func (p *Pool) Key(key any) *View {
	p.made()
	return keyView(p, p.keys, key, nil, intake.Unbounded)
}

// Limit returns a sub-pool: a view of which at most n tasks run at once, and which shares the
// workers and the queue of the pool. A task that waits gives its place away, as it does with its
// slot. Each call makes a limit of its own. It panics when n is less than 1.
func (p *Pool) Limit(n int) *Limited {
	p.made()
	if n < 1 {
		panic(fmt.Sprintf("workerpool: Limit(%d): nothing would ever run", n))
	}
	limit := task.NewTurnstile(n)
	limit.Lends = true
	return newLimited(p, limit, make(intake.Keys), nil)
}

// newLimited shares limit and keys between the views that AtMost makes of one Limit: they bound one
// resource. keys and limit are the pool's state, guarded by its lock; the view only points at them.
func newLimited(p *Pool, limit *task.Turnstile, keys intake.Keys, rule *intake.Rule) *Limited {
	l := &Limited{View{pool: p, limit: limit, rule: rule}, keys}
	l.self = l
	return l
}

// Key is [Pool.Key] within the limit: its keys are its own.
func (l *Limited) Key(key any) *View {
	l.made()
	most := intake.Unbounded
	if l.rule != nil {
		most = l.rule.LimitMost
	}
	return keyView(l.pool, l.keys, key, l.limit, most)
}

// keyView makes a view of a key. The key's turnstile is made when a task comes, so a view costs
// nothing.
func keyView(p *Pool, keys intake.Keys, key any, limit *task.Turnstile, limitMost int) *View {
	intake.CheckKey("workerpool", key)
	k := &intake.Key{Keys: keys, Of: key, Next: limit}
	return newView(p, &intake.Rule{Key: k, KeyMost: intake.Unbounded, LimitMost: limitMost})
}

func newView(p *Pool, rule *intake.Rule) *View {
	v := &View{pool: p, rule: rule}
	v.self = v
	return v
}

// AtMost returns a view of the same key with a backlog of at most n: n tasks that wait because an
// earlier task of the key has not ended. One submit more is treated as Config.Saturation says for a
// full queue, but for this view alone: under [Wait] it waits and holds up nobody else, under
// [Reject] it returns quartet.ErrSaturated, under [DropOldest] it discards the oldest waiting task
// of the key. So the flood of one key cannot fill the queue that all share. With 0 it accepts only
// a task that need not wait for the key. It panics when n is negative, and on a view of
// [Pool.Priority], which has no backlog of its own.
func (v *View) AtMost(n int) *View {
	v.made()
	checkAtMost(n)
	if v.rule == nil || v.rule.Key == nil {
		panic("workerpool: AtMost of a view that has neither a key nor a limit")
	}
	rule := *v.rule
	rule.KeyMost = n
	return newView(v.pool, &rule)
}

// AtMost is [View.AtMost] for the tasks that wait because n of the limit are running, those of its
// keys included. Under [DropOldest] a task of one of its keys discards only tasks of that key.
func (l *Limited) AtMost(n int) *Limited {
	l.made()
	checkAtMost(n)
	return newLimited(l.pool, l.limit, l.keys, &intake.Rule{KeyMost: intake.Unbounded, LimitMost: n})
}

func checkAtMost(n int) {
	if n < 0 {
		panic(fmt.Sprintf("workerpool: AtMost(%d) is negative", n))
	}
}

// made panics when no Pool has made v.
func (v *View) made() {
	if v == nil || v.pool == nil {
		panic("workerpool: a View that no Pool has made")
	}
}

// SubmitTask is [Pool.SubmitTask] by the view's rule.
func (v *View) SubmitTask(ctx context.Context, t quartet.Task) error {
	intake.NotNil("workerpool", "SubmitTask", ctx, t)
	return v.submit(ctx, t)
}

// SubmitCall is [Pool.SubmitCall] by the view's rule.
func (v *View) SubmitCall(ctx context.Context, c quartet.Call) error {
	intake.NotNil("workerpool", "SubmitCall", ctx, c)
	return v.submit(ctx, c)
}

// ExpectedWait is [Pool.ExpectedWait] for a task of the view: the wait for its key and its limit is
// added, and its priority counts. The node is made for the question and never submitted.
func (v *View) ExpectedWait() time.Duration {
	v.made()
	n := &task.Node{Level: v.level, Stile: v.limit}
	if v.rule != nil {
		n.Data = v.rule
	}
	return v.pool.in.ExpectedWait(n)
}

// Stats returns the pool's numbers.
func (v *View) Stats() quartet.Stats {
	v.made()
	return v.pool.Stats()
}

// Unwrap returns the pool, for [quartet.As].
func (v *View) Unwrap() quartet.Runner { return v.pool }

// Shutdown returns [ErrView].
func (v *View) Shutdown(context.Context) error { return ErrView }

// Close returns [ErrView].
func (v *View) Close() error { return ErrView }

// self and not v is the Runner to compare with: a Limited embeds its View.
func (v *View) submit(ctx context.Context, t quartet.Task) error {
	v.made()
	n := task.Of(ctx, t)
	n.Level, n.Stile = v.level, v.limit
	return v.pool.submit(n, v.rule, v.self)
}
