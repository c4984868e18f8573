package eventloop

import (
	"context"
	"time"

	"github.com/quartet-go/quartet/internal/task"
)

// A task that never finds anything to wait for lets others run after so many waits, or after such a
// time.
const (
	breathAfter = 64
	breathTime  = time.Millisecond
)

// breath counts, for the task that runs, the waits that were over before they began. Each resume of
// a fiber clears it, since others have run by then. The time bounds a task that computes between
// two such waits.
//
// It is the loop's, and so about whichever task runs now.
type breath struct {
	waits int
	since time.Duration // of the first
}

// breathe is called after a wait that found its end there already. When ctx is that of the task
// that runs on its loop, it lets others run from time to time.
func breathe(ctx context.Context) {
	r, ok := ctx.Value(task.ModelKey).(*run)
	if ok && r.mine() && r.loop().outOfBreath() {
		r.Yield(ctx)
	}
}

// outOfBreath reports whether the task that runs is to let others run.
func (l *Loop) outOfBreath() bool {
	b := &l.breath
	now := l.now()
	if b.waits == 0 {
		b.since = now
	}
	b.waits++
	// Nothing is reset here: the Yield that follows leads to a resume, which does.
	return b.waits == breathAfter || now-b.since >= breathTime
}
