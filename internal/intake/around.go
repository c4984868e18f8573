package intake

import (
	"context"
	"fmt"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

var _ task.Surrounder = (*Intake)(nil)

// IsFuture reports whether n's job is a future, or holds one. A future keeps its own panic, Goexit
// and error; a bare task leaves them to its executor.
func IsFuture(n *task.Node) bool {
	_, future := quartet.As[task.Noder](n.Job)
	return future
}

// RunAround implements task.Surrounder. A future that the job holds calls Surround itself, with its
// function's error. It is called on the goroutine of the task, by Node.Run. A panic or Goexit
// passes through, to the executor's own deferred function.
func (in *Intake) RunAround(n *task.Node) {
	if IsFuture(n) {
		n.Job.Run(n.Context())
		return
	}
	err := in.Surround(n.Context(), n, func(ctx context.Context) error {
		n.Job.Run(ctx)
		return nil
	})
	if err != nil {
		n.Fail()
	}
}

// Surround implements task.Surrounder. A future calls it between its own bookkeeping and the
// function, so that Around sees the function's error before anybody who awaits it.
func (in *Intake) Surround(ctx context.Context, n *task.Node, run func(context.Context) error) error {
	info := quartet.Info{Executor: in.cfg.Name, Label: task.LabelOf(n.Parent()), Task: n.Seq}
	// A wrapper's job may hold the call, hence As.
	if call, ok := quartet.As[quartet.Call](n.Job); ok {
		info.Func = call.Name()
	}
	return CallAround(in.cfg.Package, in.cfg.Around, ctx, info, run)
}

// CallAround calls run within around, which must call it once. One that does not, and returns no
// error, has kept the task from running, and that is no success. Twice is a panic on the spot: the
// function's effects would happen twice, and its future has one outcome.
func CallAround(pkg string, around Around, ctx context.Context, info quartet.Info,
	run func(context.Context) error,
) error {
	// A plain bool: Around runs on one goroutine, and a run that it starts on another is its own
	// fault.
	ran := false
	err := around(ctx, info, func(ctx context.Context) error {
		if ran {
			panic(pkg + ": Around has called run twice")
		}
		ran = true
		return run(ctx)
	})
	if err == nil && !ran {
		return fmt.Errorf("%s: Around has not called run, and has returned no error", pkg)
	}
	return err
}
