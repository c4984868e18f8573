package workerpool

import (
	"context"
	"fmt"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/task"
)

// ErrView is [quartet.ErrView]: Shutdown and Close of a view give it, as they are the pool's.
var ErrView = quartet.ErrView

// Level is a priority.
type Level int8

// Tasks of a higher level start first. So that none starves, of 16 starts one goes to the normal tasks first and one to
// the low ones.
const (
	High   = Level(intake.High)
	Normal = Level(intake.Normal)
	Low    = Level(intake.Low)
)

// View is a way into a pool under which tasks run by a rule of their own: a priority, the order of a key, a limit. It is a
// [quartet.Runner] and costs nothing until it is used; [quartet.Current] in its tasks gives the pool. All methods may be
// called from any goroutine.
type View struct {
	pool  *Pool
	level int8
	key   *intake.Key
	limit *task.Turnstile
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

// Priority returns a view whose tasks have that priority; those given to the pool itself are [Normal]. It panics when the
// level is none of the three.
func (p *Pool) Priority(level Level) *View {
	if level < High || level > Low {
		panic(fmt.Sprintf("workerpool: Priority(%d) is unknown", level))
	}
	return &View{pool: p, level: int8(level)}
}

// Key returns a view whose tasks run in strict order, one at a time: the next one starts when the one before it has
// ended, also where that waited in between. Other keys are not held up, as long as the tasks that wait leave them
// workers and places: all keys share Config.Workers and Config.Queue, so that the backlog of one can fill the queue for
// all. Two views of the same key are one order. A task that awaits a future queued under the key that it holds itself
// gets [quartet.ErrDeadlock] at once. It panics when key is nil or cannot be compared.
func (p *Pool) Key(key any) *View { return keyView(p, p.keys, key, nil) }

// Limit returns a sub-pool: a view of which at most n tasks run at once, and which shares the workers and the queue of the
// pool. A task that waits gives its place away, as it does with its slot. Each call makes a limit of its own. It panics
// when n is less than 1.
func (p *Pool) Limit(n int) *Limited {
	if n < 1 {
		panic(fmt.Sprintf("workerpool: Limit(%d): nothing would ever run", n))
	}
	limit := task.NewTurnstile(n)
	limit.Lends = true
	return &Limited{View{pool: p, limit: limit}, make(intake.Keys)}
}

// Key is [Pool.Key] within the limit: its keys are its own.
func (l *Limited) Key(key any) *View { return keyView(l.pool, l.keys, key, l.limit) }

func keyView(p *Pool, keys intake.Keys, key any, limit *task.Turnstile) *View {
	intake.CheckKey("workerpool", key)
	return &View{pool: p, key: &intake.Key{Keys: keys, Of: key, Next: limit}}
}

// SubmitTask is [Pool.SubmitTask] by the view's rule.
func (v *View) SubmitTask(ctx context.Context, t quartet.Task) error {
	intake.NotNil("workerpool", "SubmitTask", t)
	return v.submit(ctx, t)
}

// SubmitCall is [Pool.SubmitCall] by the view's rule.
func (v *View) SubmitCall(ctx context.Context, c quartet.Call) error {
	intake.NotNil("workerpool", "SubmitCall", c)
	return v.submit(ctx, c)
}

// Shutdown returns [ErrView].
func (v *View) Shutdown(context.Context) error { return ErrView }

// Close returns [ErrView].
func (v *View) Close() error { return ErrView }

func (v *View) submit(ctx context.Context, t quartet.Task) error {
	n := task.Of(ctx, t)
	n.Level, n.Stile = v.level, v.limit
	if v.key != nil {
		n.Data = v.key
	}
	return v.pool.in.SubmitNode(n)
}
