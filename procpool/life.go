package procpool

import (
	"errors"

	"github.com/quartet-go/quartet/internal/steps"
)

// life is what a worker is doing, for the pool.
type life uint8

const (
	booting  life = iota // it has not said hello
	serving              // it takes calls
	retiring             // it takes no more calls, and goes when it has none
	leaving              // it has been told to go
	buried               // it is gone
)

// lives are the transitions. A worker may die at any time. A booting worker that is not wanted is
// killed, and does not retire. So upLocked tells bury whether a hello has come. retiring and
// leaving differ by BYE: before it, calls still run.
var lives = steps.Table[life]{
	Of:    "procpool: a worker",
	Names: []string{"booting", "serving", "retiring", "leaving", "buried"},
	Follows: [][]life{
		booting:  {serving, buried},
		serving:  {retiring, buried},
		retiring: {leaving, buried},
		leaving:  {buried},
		buried:   {},
	},
}

// toLocked moves w to its next life. It panics on a step that lives does not have.
func (w *worker) toLocked(next life) { w.life = lives.Step(w.life, next) }

// upLocked reports whether w has said hello and is not gone.
func (w *worker) upLocked() bool { return w.life > booting && w.life < buried }

// stayingLocked reports whether w counts among Config.Workers. One that was killed before its hello
// is booting until its death, so why is asked, too. One that Reload is proving does not count.
func (w *worker) stayingLocked() bool {
	return w.life <= serving && w.why == "" && w.version <= w.pool.version
}

// Why a worker has ended, in Restarts.
const (
	byCrash     = "crashed"
	byProtocol  = "protocol error"
	byBoot      = "boot failed"
	byRunTime   = "run timeout"
	byCancel    = "cancelled call"
	byHang      = "hung"
	byMemory    = "memory"
	byTasks     = "max tasks"
	byLifetime  = "lifetime"
	byIdleness  = "idle"
	byReload    = "reload"
	byResize    = "resize"
	byLingering = "did not end"
)

// errNotNeeded kills a worker that has not even come up, and is not wanted any more. bury leaves
// the breaker alone then.
var errNotNeeded = errors.New("procpool: the worker is not needed")

// retireLocked has w go when its calls have ended. One that has not come up goes at once. The first
// cause stays. The section's dispatch dismisses it when it is empty, and starts another where one
// is needed.
func (w *worker) retireLocked(why string) {
	if w.why != "" || w.life > serving {
		return
	}
	w.why = why
	if w.life == booting {
		w.kill(errNotNeeded)
		return
	}
	w.toLocked(retiring)
}

// endedByLocked says how w has ended, for Restarts. Empty: the pool has ended. Several may hold, so
// the order counts: who was told to go and had to be killed did not end, and why comes before the
// kill by errNotNeeded.
func (w *worker) endedByLocked(booted bool) string {
	cause := w.killedBy()
	switch {
	case w.pool.ending, errors.Is(cause, errPoolEnds):
		return ""
	case errors.Is(cause, errLingers):
		return byLingering
	case w.why != "":
		return w.why
	case !booted:
		return byBoot
	case cause == nil:
		return byCrash
	case errors.Is(cause, ErrProtocol):
		return byProtocol
	case errors.Is(cause, ErrRunTimeout):
		return byRunTime
	case errors.Is(cause, ErrHung):
		return byHang
	case errors.Is(cause, ErrMemory):
		return byMemory
	}
	return byCancel
}
