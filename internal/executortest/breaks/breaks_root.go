package main

const (
	future = "future.go"
	inline = "inline.go"
)

var rootBreaks = []broken{
	{clause: "C3", what: "a future ends before its function has returned", edits: []edit{
		{
			future, "\t\tf.value, f.err = fn.call(ctx)\n",
			"\t\tf.settle(f.value, nil)\n\t\tf.value, f.err = fn.call(ctx)\n",
		},
	}},
	{clause: "C3", what: "the end of a waiter's ctx cancels the task", edits: []edit{
		{
			future, "\tif err := f.join(ctx); err != nil {\n",
			"\tif err := f.join(ctx); err != nil {\n\t\tf.Cancel(err)\n",
		},
	}},
	{clause: "C3", what: "an ended ctx wins over an ended future", edits: []edit{
		{
			future, "\tif f.ended() {\n\t\treturn nil\n\t}\n\tif err := f.wait(ctx); err != nil && !f.ended() {",
			"\tif f.ended() && ctx.Err() == nil {\n\t\treturn nil\n\t}\n\tif err := f.wait(ctx); err != nil {",
		},
	}},
	{clause: "C3", what: "Do returns when ctx ends, while its function runs", run: "^TestLoop$/^C3_", edits: []edit{
		{"quartet.endless", "", "\treturn ctx\n"},
	}},
	{clause: "C4", what: "the panic's stack is lost", edits: []edit{
		{"errors.go", "Stack: debug.Stack()}", "Stack: debug.Stack()[:0]}"},
	}},
	{clause: "C4", what: "waiters do not learn of Goexit", edits: []edit{
		{future, "\t\tf.err = ErrGoexit\n", ""},
	}},
	{clause: "C4", what: "a panic in OnDone is swallowed", edits: []edit{
		{future, "f.report(NewPanicError(v))", "_ = NewPanicError(v)"},
	}},
	{clause: "C4", what: "Go of a nil func is accepted", edits: []edit{
		{"go.go", "if fn == nil {\n\t\tpanic(\"quartet: Go ", "if false {\n\t\tpanic(\"quartet: Go "},
	}},
	{clause: "C6", what: "a detached ctx still lends the task's slot", edits: []edit{
		{"model.go", "\tif key == task.ModelKey {\n", "\tif false {\n"},
	}},
	{clause: "C8", what: "what Run did is not ordered before the end of the future", race: true, edits: []edit{
		{
			future, "func (f *Future[T]) settle(value T, err error) {\n",
			"func (f *Future[T]) settle(value T, err error) {\n\truntime.RaceDisable() // no edge of this goroutine's counts\n\tdefer runtime.RaceEnable()\n",
		},
	}},
	{clause: "C8", what: "the end of a future is read without synchronisation", race: true, edits: []edit{
		{"internal/task/state.go", "import \"fmt\"", "import (\n\t\"fmt\"\n\t\"unsafe\"\n)"},
		{"internal/task/state.go", "return State(n.state.Load())", "return *(*State)(unsafe.Pointer(&n.state))"},
	}},
	{
		clause: "C12", what: "each future costs one allocation more", run: "^TestAllocations", alone: true,
		edits: []edit{
			{"go.go", "\tf.fn = fn\n", "\tf.fn = func(ctx context.Context) (T, error) { return fn(ctx) }\n"},
		},
	},
}

var inlineBreaks = []broken{
	{
		clause: "C1", what: "Inline accepts submits from outside while a shutdown goes on", run: "^TestInline$/^C1_",
		edits: []edit{
			{inline, "if x.closed || x.closing && within == nil {", "if x.closed && (within == nil || true) {"},
		},
	},
	{clause: "C7", what: "Inline's Shutdown does not wait", run: "^TestInline$/^C7_", edits: []edit{
		{inline, "\t\tif left == 0 {\n", "\t\tif left >= 0 {\n"},
	}},
}
