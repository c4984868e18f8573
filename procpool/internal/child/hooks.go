package child

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/functions"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/propagate"
	"github.com/quartet-go/quartet/internal/task"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// workerHooks are what a worker calls when it comes up and when it goes.
var workerHooks struct {
	// mu guards the fields below. Hooks are called after it was released.
	mu     sync.Mutex
	init   []func() error
	exit   []func()
	around intake.Around
}

// OnInit adds a hook that runs before the worker is ready.
func OnInit(fn func() error) {
	workerHooks.mu.Lock()
	defer workerHooks.mu.Unlock()
	workerHooks.init = append(workerHooks.init, fn)
}

// OnExit adds a hook that runs when the pool lets the worker go.
func OnExit(fn func()) {
	workerHooks.mu.Lock()
	defer workerHooks.mu.Unlock()
	workerHooks.exit = append(workerHooks.exit, fn)
}

// OnCall sets the hook around each call. It reports false when that has been set already.
func OnCall(around intake.Around) bool {
	workerHooks.mu.Lock()
	defer workerHooks.mu.Unlock()
	if workerHooks.around != nil {
		return false
	}
	workerHooks.around = around
	return true
}

// invoke runs a call, within what OnCall has set.
func (j *job) invoke(around intake.Around, c quartet.Codec) (output []byte, err error) {
	ctx := j.node.Context()
	if len(j.values) > 0 {
		ctx = propagate.Extract(ctx, j.values)
	}
	if around == nil {
		return j.call(ctx, c)
	}
	info := quartet.Info{Executor: j.server.name, Func: j.name, Label: task.LabelOf(j.node.Parent()), Task: j.id}
	err = intake.CallAround("procpool", around, ctx, info, func(ctx context.Context) (err error) {
		output, err = j.call(ctx, c)
		return err
	})
	return output, err
}

// call runs the function.
func (j *job) call(ctx context.Context, c quartet.Codec) ([]byte, error) {
	if !j.streams {
		return quartet.Invoke(ctx, j.name, c, j.input)
	}
	f, ok := functions.Streams(j.name)
	if !ok {
		return nil, fmt.Errorf("procpool: the caller of %q takes a stream, and it returns one value here", j.name)
	}
	return nil, f.Stream(ctx, c, j.input, func(item []byte, err error) error { return j.emit(ctx, item, c, err) })
}

func runWorkerInit() {
	workerHooks.mu.Lock()
	hooks := workerHooks.init
	workerHooks.mu.Unlock()
	for _, fn := range hooks {
		if err := fn(); err != nil {
			fmt.Fprintln(os.Stderr, "procpool: a function of WorkerInit:", err)
			os.Exit(wire.ExitInit)
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
