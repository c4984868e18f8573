package procpool

import "github.com/quartet-go/quartet/internal/steps"

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

// stages are the transitions. A call that a worker has may end in any stage. bury ends a wait
// before it requeues an Idempotent call, so nothing leads from suspended to requeued.
var stages = steps.Table[stage]{
	Of:    "procpool: a call",
	Names: []string{"queued", "requeued", "sent", "suspended", "resumed", "ending"},
	Follows: [][]stage{
		queued:    {sent, ending},
		requeued:  {sent, ending},
		sent:      {requeued, suspended},
		suspended: {resumed},
		resumed:   {requeued, suspended},
		ending:    {},
	},
}

// begun: the call is known to have started in its worker.
func (s stage) begun() bool { return s == suspended || s == resumed }

// toLocked moves c to its next stage. It panics on a step that stages does not have.
func (c *call) toLocked(next stage) { c.stage = stages.Step(c.stage, next) }
