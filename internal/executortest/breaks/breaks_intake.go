package main

const (
	intake = "internal/intake/intake.go"
	submit = "internal/intake/submit.go"
	start  = "internal/intake/start.go"
	end    = "internal/intake/end.go"
	config = "internal/intake/config.go"
	effect = "internal/intake/effects.go"
	room   = "internal/intake/room.go"
	stop   = "internal/intake/stop.go"
	watch  = "internal/intake/watch.go"
)

var intakeBreaks = []broken{
	{clause: "C1", what: "a refused task gets Abandon", edits: []edit{
		{
			submit, "\tcase err == errNoRoom:\n\t\treturn in.waitForRoom(n, within)\n",
			"\tcase err == errNoRoom:\n\t\treturn in.waitForRoom(n, within)\n\tcase err != nil:\n\t\tn.Job.Abandon(err)\n",
		},
	}},
	{clause: "C1", what: "an accepted task that never starts gets no Abandon", edits: []edit{
		{end, "in.Guard(func() { n.Job.Abandon(cause) })", ""},
	}},
	{clause: "C1", what: "a submit from outside is accepted while a shutdown goes on", edits: []edit{
		{submit, "in.phase == closed || in.phase == draining && within == nil {", "in.phase == closed {"},
	}},
	{clause: "C1", what: "a submit sees the shutdown late", run: "^TestPool(Storms)?$/^(C1_|Storm)", edits: []edit{
		{submit, "\tin.Lock()\n\terr := in.admitLocked(n, within, full)\n", `	in.Lock()
	before := in.phase
	in.Unlock()
	quartet.Yield(context.Background())
	in.Lock()
	now := in.phase
	in.phase = before
	err := in.admitLocked(n, within, full)
	in.phase = now
`},
	}},
	{clause: "C1", what: "a submit from inside is refused while a shutdown goes on", edits: []edit{
		{submit, "in.phase == closed || in.phase == draining && within == nil {", "in.phase != open {"},
	}},
	{clause: "C1", what: "a submit from inside is accepted after Close", edits: []edit{
		{
			submit, "in.phase == closed || in.phase == draining && within == nil {",
			"in.phase != open && within == nil {",
		},
	}},
	{clause: "C2", what: "a task whose ctx ended in the queue runs", edits: []edit{
		{start, "\tif n.Parent().Err() != nil {\n\t\tin.Then", "\tif false {\n\t\tin.Then"},
		{watch, "in.ThenLocked(abandonment{node: n})", "_ = n"},
	}},
	{clause: "C2", what: "a task whose ctx ended in the queue keeps its room until a worker comes", edits: []edit{
		{watch, "in.ThenLocked(abandonment{node: n})", "_ = n"},
	}},
	{clause: "C2", what: "a task whose ctx ended in the queue loses the cause", edits: []edit{
		{
			effect, "a.cause = context.Cause(a.node.Parent())",
			"a.cause = context.Cause(context.WithoutCancel(a.node.Parent()))\n\t\tif a.cause == nil {\n\t\t\ta.cause = a.node.Parent().Err()\n\t\t}",
		},
	}},
	{clause: "C2", what: "ctx does not bound the wait for room", edits: []edit{
		{room, "case <-ctx.Done():", "case <-context.Background().Done():"},
	}},
	{clause: "C4", what: "a panic in Abandon does not reach OnPanic", edits: []edit{
		{intake, "if v := recover(); v != nil {", "if v := any(nil); v != nil {"},
	}},
	{clause: "C4", what: "OnPanic does not observe the panic that a future carries", edits: []edit{
		{intake, "case in.cfg.OnPanic != nil:", "case in.cfg.OnPanic != nil && !observed:"},
	}},
	{clause: "C4", what: "a nil func is accepted", edits: []edit{
		{"internal/intake/config.go", "t == nil || ok && f == nil", "t == nil || ok && f == nil && false"},
	}},
	{clause: "C6", what: "Config.InFlight is ignored", edits: []edit{
		{submit, "return inside || in.inFlightLocked() < in.cfg.InFlight", "return true"},
	}},
	{clause: "C6", what: "waiting tasks do not count as in flight", edits: []edit{
		{submit, "in.stats.Queued+in.stats.Running+in.stats.Waiting)", "in.stats.Queued+in.stats.Running)"},
	}},
	{clause: "C6", what: "Config.InFlight binds a submit from inside", edits: []edit{
		{
			submit, "return inside || in.inFlightLocked() < in.cfg.InFlight",
			"return in.inFlightLocked() < in.cfg.InFlight",
		},
	}},
	{clause: "C6", what: "a submit from inside keeps its slot while it waits for room", edits: []edit{
		{room, "if ctx.Value(task.ModelKey) != nil {", "if false {"},
	}},
	{clause: "C8", what: "what happened before the submit is not ordered before Run", race: true, edits: []edit{
		{submit, "\t\"runtime/trace\"\n", "\t\"runtime\"\n\t\"runtime/trace\"\n"},
		{submit, "error {\n\tin.Label(n)\n\tif full", `error {
	runtime.RaceDisable() // no edge of this goroutine's counts
	defer runtime.RaceEnable()
	in.Label(n)
	if full`},
	}},
	{clause: "C11", what: "a failed task counts as done", edits: []edit{
		{end, "\tif n.HasFailed() {\n", "\tif false {\n"},
	}},
	{clause: "C11", what: "an abandoned task is not counted", edits: []edit{
		{end, "\tin.stats.Abandoned++\n", ""},
	}},
	{clause: "C11", what: "a submit refused by a shutdown is not counted", edits: []edit{
		{
			submit, "\tif err != nil && err != errNoRoom {\n\t\tin.stats.Rejected++",
			"\tif err != nil && err != errNoRoom && err != quartet.ErrClosed {\n\t\tin.stats.Rejected++",
		},
	}},
	{clause: "C11", what: "times are not sampled", edits: []edit{
		{
			submit,
			"if in.cfg.ExactTimes || in.cfg.RejectLate || in.observers.Load() != nil || in.stats.Submitted%sampleEvery == 0 {", "if in.cfg.ExactTimes || in.cfg.RejectLate {",
		},
	}},
	{clause: "C11", what: "Config.ExactTimes is ignored", edits: []edit{
		{submit, "if in.cfg.ExactTimes || in.cfg", "if in.cfg"},
	}},
	{clause: "C11", what: "every task is timed, at a cost", edits: []edit{
		{intake, "const sampleEvery = 64", "const sampleEvery = 1"},
	}},
	{
		clause: "C12", what: "each queued task watches its ctx alone", run: "^TestAllocations", alone: true,
		edits: []edit{
			{watch, "\tif w = in.watches[done]; w != nil {", "\tif w = in.watches[nil]; w != nil {"},
		},
	},
}

var stopBreaks = []broken{
	{
		clause: "C7", what: "Shutdown does not wait for what is queued", pkg: "./internal/intake", run: "^Test",
		edits: []edit{
			{stop, "in.phase != open && in.pending == 0", "in.phase != open && in.stats.Running+in.stats.Waiting == 0"},
			{
				stop, "\t\tif err := quartet.Suspend(ctx, in.armDrained); err != nil {\n\t\t\treturn err\n\t\t}\n",
				"\t\treturn quartet.Suspend(ctx, in.armDrained)\n",
			},
		},
	},
	{clause: "C7", what: "Shutdown abandons what is queued at once", edits: []edit{
		{
			stop, "\tin.Refuse()\n",
			"\tin.Refuse()\n\tfor _, n := range in.unfinished() {\n\t\tn.Abandon(quartet.ErrClosed)\n\t}\n",
		},
	}},
	{clause: "C7", what: "Shutdown does not wait for waiting tasks", edits: []edit{
		{stop, "in.phase != open && in.pending == 0", "in.phase != open && in.stats.Running+in.stats.Queued == 0"},
	}},
	{clause: "C7", what: "a Shutdown whose ctx ends cancels and abandons nothing", edits: []edit{
		{stop, "\t\tin.Cancel()\n\t\treturn err\n", "\t\treturn err\n"},
	}},
	{clause: "C7", what: "Close abandons what is queued, but cancels nothing that runs", edits: []edit{
		{stop, "n.Cancel(quartet.ErrClosed)", "n.Abandon(quartet.ErrClosed)"},
	}},
	{clause: "C7", what: "the cause of Close is not ErrClosed", edits: []edit{
		{stop, "n.Cancel(quartet.ErrClosed)", "n.Cancel(context.Canceled)"},
	}},
	{clause: "C7", what: "Shutdown from inside waits", edits: []edit{
		{stop, "\tif inside {\n", "\tif inside && false {\n"},
	}},
	{clause: "C7", what: "submitters that wait for room are forgotten", edits: []edit{
		{stop, "\tin.turnAwayLocked(outside)\n", ""},
	}},
	{clause: "C7", what: "Close logs nothing about what it waits for", edits: []edit{
		{
			stop, "time.AfterFunc(in.cfg.CloseWarning, func() { in.Warn(\"Close\") })",
			"time.AfterFunc(1000*in.cfg.CloseWarning, func() { in.Warn(\"Close\") })",
		},
	}},
}
