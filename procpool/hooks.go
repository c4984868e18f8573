package procpool

import (
	"fmt"
	"os"
	"sync"
)

// workerHooks are what a worker calls when it comes up and when it goes.
var workerHooks struct {
	mu   sync.Mutex
	init []func() error
	exit []func()
}

// WorkerInit has fn called in each worker, after the package initialisers and before it is ready: what is set up there
// serves all its calls. An error ends the worker, and is shown as any failure to come up. Call it before Init. It panics
// when fn is nil.
func WorkerInit(fn func() error) {
	if fn == nil {
		panic("procpool: WorkerInit of a nil func")
	}
	workerHooks.mu.Lock()
	defer workerHooks.mu.Unlock()
	workerHooks.init = append(workerHooks.init, fn)
}

// WorkerExit has fn called in each worker that the pool lets go, after its last call; not in one that is killed or dies. The
// last registered is called first. Call it before Init, or from a function of WorkerInit. It panics when fn is nil.
func WorkerExit(fn func()) {
	if fn == nil {
		panic("procpool: WorkerExit of a nil func")
	}
	workerHooks.mu.Lock()
	defer workerHooks.mu.Unlock()
	workerHooks.exit = append(workerHooks.exit, fn)
}

func runWorkerInit() {
	workerHooks.mu.Lock()
	hooks := workerHooks.init
	workerHooks.mu.Unlock()
	for _, fn := range hooks {
		if err := fn(); err != nil {
			fmt.Fprintln(os.Stderr, "procpool: a function of WorkerInit:", err)
			os.Exit(exitInit)
		}
	}
}

func runWorkerExit() {
	workerHooks.mu.Lock()
	hooks := workerHooks.exit
	workerHooks.mu.Unlock()
	for i := len(hooks) - 1; i >= 0; i-- {
		hooks[i]()
	}
}
