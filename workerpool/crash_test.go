package workerpool_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/workerpool"
)

const crashVar = "QUARTET_TEST_CRASH"

// A bare task's panic without OnPanic ends the program, as in a goroutine: so the test runs itself
// as a child.
func TestBarePanicCrashesWithTheTasksStack(t *testing.T) {
	if kind := os.Getenv(crashVar); kind != "" {
		crash(kind)
		return // unreached, if the test is to pass
	}
	switch runtime.GOOS {
	case "js", "wasip1", "ios":
		t.Skip("no processes on " + runtime.GOOS)
	}
	exe, err := os.Executable()
	require.NoError(t, err)
	for _, kind := range []string{"go", "task", "hook", "abandon"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, exe, "-test.run=^TestBarePanicCrashesWithTheTasksStack$", "-test.count=1")
			cmd.Env = append(os.Environ(), crashVar+"="+kind)
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit, "the child must crash; it said:\n%s", out)
			require.Contains(t, string(out), "planted panic")
			require.NotContains(t, string(out), "survived")
			require.Contains(t, string(out), "plantedPanic(", "the stack must show where the task panicked")
		})
	}
}

//go:noinline
func plantedPanic() { panic("planted panic") }

type panicsInAbandon struct{}

func (panicsInAbandon) Run(context.Context) {}
func (panicsInAbandon) Abandon(error)       { plantedPanic() }

func crash(kind string) {
	ctx := context.Background()
	p := workerpool.New(workerpool.Config{Workers: 1})
	switch kind {
	case "go":
		_ = p.Go(plantedPanic)
	case "task":
		_ = p.SubmitTask(ctx, quartet.TaskFunc(func(context.Context) { plantedPanic() }))
	case "hook":
		hold := make(chan struct{})
		f := quartet.Go(ctx, p, func(context.Context) (int, error) { <-hold; return 1, nil })
		f.OnDone(plantedPanic)
		close(hold)
	case "abandon":
		hold, running := make(chan struct{}), make(chan struct{})
		_ = p.Go(func() { close(running); <-hold })
		<-running
		_ = p.SubmitTask(ctx, panicsInAbandon{})
		time.AfterFunc(time.Second, func() { close(hold) })
		_ = p.Close()
	}
	_ = p.Shutdown(ctx)
	fmt.Println("survived") // no Shutdown returns before the crash
	os.Exit(0)
}
