package executortest

import (
	"bytes"
	"context"
	"runtime/pprof"
	"strings"

	"github.com/quartet-go/quartet"
)

var labels = []test{
	{"S3_Labels/none_of_whoever_started_the_goroutine", queues, labelsOfTheStarter},
	{"S3_Labels/none_that_a_task_has_left_behind", queues, labelsLeftBehind},
	{"S3_Labels/the_task's_own", queues, labelsOwn},
}

// underLabels returns the labels under which the calling goroutine shows in a goroutine profile;
// "": none.
//
//go:noinline
func underLabels() string {
	var profile bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&profile, 1)
	for group := range strings.SplitSeq(profile.String(), "\n\n") {
		if _, rest, found := strings.Cut(group, "# labels: "); found && strings.Contains(group, "underLabels") {
			labels, _, _ := strings.Cut(rest, "\n")
			return labels
		}
	}
	return ""
}

// seenLabels returns the labels of a task that is submitted with ctx, and in its Block. Then the
// task does what after says.
func (e *env) seenLabels(ctx context.Context, r quartet.Runner, after func()) (task, block string) {
	e.Helper()
	_, err := await(e, quartet.Go(ctx, r, func(ctx context.Context) (none, error) {
		task = underLabels()
		err := quartet.Block(ctx, func() { block = underLabels(); after() })
		after()
		return none{}, err
	}))
	ok(e, "task", err)
	return task, block
}

func labelsOfTheStarter(e *env) {
	r := e.runner(Options{})
	pprof.Do(background, pprof.Labels("tenant", "starts the goroutine"), func(context.Context) {
		task, block := e.seenLabels(background, r, func() {})
		equal(e, "labels", task, "")
		equal(e, "labels in Block", block, "")
	})
}

func labelsLeftBehind(e *env) {
	r := e.runner(Options{})
	leave := func() {
		pprof.SetGoroutineLabels(pprof.WithLabels(background, pprof.Labels("tenant", "left behind")))
	}
	for range 2 {
		task, block := e.seenLabels(background, r, leave)
		equal(e, "labels", task, "")
		equal(e, "labels in Block", block, "")
		ok(e, "submit of a bare task", r.SubmitTask(background, quartet.TaskFunc(func(context.Context) { leave() })))
	}
}

func labelsOwn(e *env) {
	r := e.runner(Options{})
	task, _ := e.seenLabels(quartet.Label(background, "mine"), r, func() {})
	equal(e, "labels", task, `{"quartet":"mine"}`)
	task, _ = e.seenLabels(background, r, func() {})
	equal(e, "labels of the next task", task, "")
}
