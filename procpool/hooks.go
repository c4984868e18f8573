package procpool

import (
	"context"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool/internal/child"
)

// WorkerInit has fn called in each worker, after the package initialisers and before it is ready:
// its set-up serves all its calls. An error ends the worker, and is shown as any failure to come
// up. Call it before Init. It panics when fn is nil.
func WorkerInit(fn func() error) {
	if fn == nil {
		panic("procpool: WorkerInit of a nil func")
	}
	child.OnInit(fn)
}

// WorkerExit has fn called in each worker that the pool lets go, after its last call; not in one
// that is killed or dies. The last registered is called first. Call it before Init, or from a
// function of WorkerInit. It panics when fn is nil.
func WorkerExit(fn func()) {
	if fn == nil {
		panic("procpool: WorkerExit of a nil func")
	}
	child.OnExit(fn)
}

// WorkerAround has around called around each call that a worker of this program runs, as
// Config.Around of the other executors. Info.Executor is the pool's Config.Name. Call it once,
// before Init. It panics when around is nil, and the second time.
func WorkerAround(around func(ctx context.Context, info quartet.Info, run func(context.Context) error) error) {
	if around == nil {
		panic("procpool: WorkerAround of a nil func")
	}
	if !child.OnCall(around) {
		panic("procpool: WorkerAround was called already")
	}
}
