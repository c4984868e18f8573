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

// workerHooks are what a worker calls when it comes up and when it goes. They are set in the parent
// too, since parent and worker are one program, and stay unused there.
var workerHooks struct {
	// mu guards the fields below. Hooks are called after it was released.
	mu     sync.Mutex
	init   []func() error
	exit   []func()
	around intake.Around
}

// OnInit adds a hook that runs before the worker is ready. Hooks run in the order in which they
// were added. One that is added by another hook does not run: the list is read once.
func OnInit(fn func() error) {
	workerHooks.mu.Lock()
	defer workerHooks.mu.Unlock()
	workerHooks.init = append(workerHooks.init, fn)
}

// OnExit adds a hook that runs when the pool lets the worker go. They run in the reverse order,
// like deferred functions. In a worker that crashes, or is killed, none runs.
func OnExit(fn func()) {
	workerHooks.mu.Lock()
	defer workerHooks.mu.Unlock()
	workerHooks.exit = append(workerHooks.exit, fn)
}

// OnCall sets the hook around each call. It reports false when that has been set already. One hook
// and not a list: nesting several would leave the order to that of package initialisers.
func OnCall(around intake.Around) bool {
	workerHooks.mu.Lock()
	defer workerHooks.mu.Unlock()
	if workerHooks.around != nil {
		return false
	}
	workerHooks.around = around
	return true
}

// invoke runs a call, within what OnCall has set. It runs on the job's goroutine, without locks. A
// panic of an extract function, of the hook or of the function itself is the call's: run recovers
// it.
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

// call runs the function. A stream has no output of its own: its items were sent by emit, and the
// RESULT that ends it is empty or an error.
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

// aroundCalls returns what OnCall has set. It is asked after runWorkerInit, whose hooks may set it.
func aroundCalls() intake.Around {
	workerHooks.mu.Lock()
	defer workerHooks.mu.Unlock()
	return workerHooks.around
}

// runWorkerInit runs the hooks of OnInit on the main goroutine, before the hello is sent: the pool
// waits for them, within Config.BootTimeout. A failure ends the process with a code of its own, and
// what it printed is in the pool's error.
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

// runWorkerExit runs the hooks of OnExit, on the goroutine that has read BYE. The pool kills the
// worker after Config.Grace, also while they run.
func runWorkerExit() {
	workerHooks.mu.Lock()
	hooks := workerHooks.exit
	workerHooks.mu.Unlock()
	for i := len(hooks) - 1; i >= 0; i-- {
		hooks[i]()
	}
}
