package procpool

import (
	"fmt"
	"slices"
)

// stage is where an accepted call is on its way.
type stage uint8

const (
	queued    stage = iota // it waits in the queue, or for its place there
	requeued               // it waits in resend: a worker has given it back, or has died
	sent                   // a worker has it; it may have started
	suspended              // it has started in its worker, and waits
	resumed                // it has waited in its worker, and runs again
	ending                 // it has left the pool's queues, and will not start
)

// stages are the transitions. A call that a worker has may end in any stage.
var stages = [...][]stage{
	queued:    {sent, ending},
	requeued:  {sent, ending},
	sent:      {requeued, suspended},
	suspended: {resumed},
	resumed:   {requeued, suspended},
	ending:    {},
}

var stageNames = [...]string{"queued", "requeued", "sent", "suspended", "resumed", "ending"}

// begun: the call is known to have started in its worker.
func (s stage) begun() bool { return s == suspended || s == resumed }

// to is locked.
func (c *call) to(next stage) {
	if !slices.Contains(stages[c.stage], next) {
		panic(fmt.Sprintf("procpool: a call cannot go from %s to %s", stageNames[c.stage], stageNames[next]))
	}
	c.stage = next
}
