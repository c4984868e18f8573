package child

import "github.com/quartet-go/quartet/internal/steps"

// stage is where a job is. server.mu guards it. It is the worker's own view: the pool has a stage
// of its own for each call, which follows from the frames.
type stage uint8

const (
	// Only running counts against the tokens.
	delivered stage = iota // in server.local: it has not started
	running                // it has a token
	suspended              // it waits, and has given its token away
	returning              // in server.returning: its wait is over, and it wants a token
	over                   // it has ended, or has gone back to the pool
)

// stages are the transitions. A foreign goroutine may give a job's token away in its name, so a job
// may end in any stage. A step that is not in the table panics: a second start of a task would be
// worse.
var stages = steps.Table[stage]{
	Of:    "procpool: a task of a worker",
	Names: []string{"delivered", "running", "suspended", "returning", "over"},
	Follows: [][]stage{
		delivered: {running, over},
		running:   {suspended, over},
		suspended: {returning, over},
		returning: {running, over},
		over:      {},
	},
}

// toLocked moves j to its next stage.
func (j *job) toLocked(next stage) { j.stage = stages.Step(j.stage, next) }
