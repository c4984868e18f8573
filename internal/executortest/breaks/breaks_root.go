package main

const (
	future = "future.go"
	inline = "inline.go"
)

var rootBreaks = []broken{
	{clause: "C3", what: "a future ends before its function has returned", edits: []edit{
		{future, "\tf.value, f.err = fn(ctx)\n", "\tf.end.state.Store(endingEnded)\n\tf.value, f.err = fn(ctx)\n"},
	}},
	{clause: "C3", what: "the end of a waiter's ctx cancels the task", edits: []edit{
		{future, "\t\t\treturn *new(T), err\n\t\t}\n\t}\n\treturn f.value, f.err", "\t\t\tf.Cancel(err)\n\t\t\treturn *new(T), err\n\t\t}\n\t}\n\treturn f.value, f.err"},
	}},
	{clause: "C3", what: "an ended ctx wins over an ended future", edits: []edit{
		{future, "\tif !f.end.ended() {\n\t\tif err := f.wait(ctx); err != nil && !f.end.ended() {", "\tif !f.end.ended() || ctx.Err() != nil {\n\t\tif err := f.wait(ctx); err != nil {"},
	}},
	{clause: "C3", what: "Do returns when ctx ends, while its function runs", edits: []edit{
		{"go.go", "f.Await(context.WithoutCancel(ctx))", "f.Await(ctx)"},
	}},
	{clause: "C4", what: "the panic's stack is lost", edits: []edit{
		{"errors.go", "Stack: debug.Stack()}", "Stack: debug.Stack()[:0]}"},
	}},
	{clause: "C4", what: "waiters do not learn of Goexit", edits: []edit{
		{future, "\tf.err = ErrGoexit\n", ""},
	}},
	{clause: "C4", what: "a panic in OnDone is swallowed", edits: []edit{
		{future, "report(n, NewPanicError(v))", "_ = NewPanicError(v)"},
	}},
	{clause: "C4", what: "Go of a nil func is accepted", edits: []edit{
		{"go.go", "if fn == nil {", "if false {"},
	}},
	{clause: "C6", what: "a detached ctx still lends the task's slot", edits: []edit{
		{"model.go", "\tif key == task.ModelKey {\n", "\tif false {\n"},
	}},
	{clause: "C8", what: "what Run did is not ordered before the end of the future", race: true, edits: []edit{
		{future, "func (e *ending) fire(n *task.Node) {\n", "func (e *ending) fire(n *task.Node) {\n\truntime.RaceDisable() // no edge of this goroutine's counts\n\tdefer runtime.RaceEnable()\n"},
	}},
	{clause: "C8", what: "the end of a future is read without synchronisation", race: true, edits: []edit{
		{future, "\t\"sync/atomic\"\n", "\t\"sync/atomic\"\n\t\"unsafe\"\n"},
		{future, "return e.state.Load() == endingEnded", "return *(*uint32)(unsafe.Pointer(&e.state)) == endingEnded"},
	}},
	{clause: "C12", what: "each future costs one allocation more", pkg: "./workerpool", run: "^TestAllocations", edits: []edit{
		{"go.go", "f := &Future[T]{fn: fn}", "f := &Future[T]{fn: func(ctx context.Context) (T, error) { return fn(ctx) }}"},
	}},
}

var inlineBreaks = []broken{
	{clause: "C1", what: "Inline accepts submits from outside while a shutdown goes on", run: "^TestInline$/^C1_", edits: []edit{
		{inline, "if x.closed || x.closing && within == nil {", "if x.closed && (within == nil || true) {"},
	}},
	{clause: "C7", what: "Inline's Shutdown does not wait", run: "^TestInline$/^C7_", edits: []edit{
		{inline, "\t\tif left == 0 {\n", "\t\tif left >= 0 {\n"},
	}},
}
