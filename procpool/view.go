package procpool

import (
	"context"
	"fmt"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/intake"
)

// ErrView is [quartet.ErrView]: Shutdown and Close of a view give it, as they are the pool's.
var ErrView = quartet.ErrView

// Level is [quartet.Level]: a priority.
type Level = quartet.Level

// Tasks of a higher level go to a worker first. So that none starves, of 16 one is the oldest
// normal one and one the oldest low one. Calls that were sent ahead to a worker, some 200 µs of
// work, are not overtaken.
const (
	High   = quartet.LevelHigh
	Normal = quartet.LevelNormal
	Low    = quartet.LevelLow
)

// View is a way into a pool under which tasks run by a rule of their own: a priority, or the order
// of a key. It is a [quartet.Executor] and costs nothing; [quartet.Current] in its tasks gives the
// pool, and the calls that they make have the normal priority. All methods may be called from any
// goroutine.
type View struct {
	pool  *Pool
	level Level
	key   *key
}

var _ quartet.Executor = (*View)(nil)

// Priority returns a view whose tasks have that priority; those given to the pool itself are
// [Normal]. It panics when the level is none of the three.
func (p *Pool) Priority(level Level) *View {
	p.made()
	if level < High || level > Low {
		panic(fmt.Sprintf("procpool: Priority(%d) is unknown", level))
	}
	return &View{pool: p, level: level}
}

// SubmitCall is [Pool.SubmitCall] by the view's rule.
func (v *View) SubmitCall(ctx context.Context, c quartet.Call) error {
	intake.NotNil("procpool", "SubmitCall", ctx, c)
	return v.pool.submit(ctx, c, v.level, v.key)
}

// Stats returns the pool's numbers.
func (v *View) Stats() quartet.Stats { return v.pool.Stats() }

// Unwrap returns the pool, for [quartet.As].
func (v *View) Unwrap() quartet.Executor { return v.pool }

// Shutdown returns [ErrView].
func (v *View) Shutdown(context.Context) error { return ErrView }

// Close returns [ErrView].
func (v *View) Close() error { return ErrView }
