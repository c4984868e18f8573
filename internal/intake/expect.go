package intake

import (
	"time"

	"github.com/quartet-go/quartet/internal/task"
)

// smoothing is the weight of what is known against a new measurement of a node's run time.
const smoothing = 8

// ran is locked: a node ran for d.
func (in *Intake) ran(d time.Duration) {
	in.stats.RunTime.Observe(d)
	if in.runTime == 0 {
		in.runTime = d
	}
	in.runTime += (d - in.runTime) / smoothing
}

// usual is locked: how long nodes have run of late. As long as none has ended: how long the oldest runs already, if its
// times are taken.
func (in *Intake) usual() time.Duration {
	if in.runTime > 0 {
		return in.runTime
	}
	for n := range in.live.All() {
		if n.State() == task.Started && !n.StartedAt.IsZero() {
			return in.cfg.Now().Sub(n.StartedAt)
		}
	}
	return 0
}

// ahead is locked: how many starts it takes until a node that is queued now has started.
func (in *Intake) ahead() int { return max(0, in.backlog()+1-in.cfg.Free()) }

// ExpectedWait is locked: how long a node that is queued now waits for its start, from the recent run times.
func (in *Intake) ExpectedWait() time.Duration {
	return time.Duration(in.ahead()) * in.usual() / time.Duration(max(1, in.cfg.Slots()))
}

// late is locked: at the recent run time a node of n's context that has to wait may end after its deadline. It does so even
// where all slots have only just been taken, since they come free together then. What need not wait is never late: else
// after one long run nothing would run again that could show the usual time.
func (in *Intake) late(n *task.Node) bool {
	deadline, ok := n.Parent().Deadline()
	if !ok || in.ExpectedWait() == 0 {
		return false
	}
	rounds := (in.ahead()-1)/max(1, in.cfg.Slots()) + 2 // the last one is its own
	return in.cfg.Now().Add(time.Duration(rounds) * in.usual()).After(deadline)
}
