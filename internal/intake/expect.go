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

// ExpectedWait is locked: how long a node that is queued now waits for its start, from the recent run times.
func (in *Intake) ExpectedWait() time.Duration {
	ahead := in.backlog() + 1 - in.cfg.Free()
	return max(0, time.Duration(ahead)*in.runTime/time.Duration(max(1, in.cfg.Slots())))
}

// late is locked: the expected wait ends after the deadline of n's context.
func (in *Intake) late(n *task.Node) bool {
	deadline, ok := n.Parent().Deadline()
	return ok && in.cfg.Now().Add(in.ExpectedWait()).After(deadline)
}
