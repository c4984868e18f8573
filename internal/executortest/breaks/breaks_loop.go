package main

const (
	loopTasks = "eventloop/tasks.go"
	loopRun   = "eventloop/run.go"
	loopPark  = "eventloop/park.go"
)

var loopBreaks = []broken{
	{clause: "C4", what: "the loop drops the panic of a bare task", run: "^TestLoop$/^C4_", edits: []edit{
		{loopTasks, "\t\treturn f.PanicError()\n", "\t\treturn nil\n"},
	}},
	{
		clause: "C4", what: "the loop counts a task that called Goexit as live for ever", run: "^TestLoop$/^C(4|7)_",
		edits: []edit{
			{
				loopTasks, "\tif outcome == fiber.Suspended {\n",
				"\tif outcome == fiber.Suspended || outcome == fiber.Exited {\n",
			},
		},
	},
	{clause: "C6", what: "a task that awaits blocks the loop", time: "20s", run: "^TestLoop$/^C6_", edits: []edit{
		{
			loopTasks, "\tif !r.mine() {\n\t\treturn task.Park(ctx, arm)\n",
			"\tif true {\n\t\treturn task.Park(ctx, arm)\n",
		},
	}},
	{clause: "C6", what: "the loop loses a resume from inside arm", run: "^TestLoop$/^C6_", edits: []edit{
		{loopTasks, "if w.state.CompareAndSwap(arming, how) || ", "if w.state.Load() == arming || "},
	}},
	{clause: "C7", what: "the loop's fibers outlive it", run: "^TestLoop$/^C7_", edits: []edit{
		{loopRun, "\tl.fibers.Close()\n", ""},
	}},
	{clause: "C10", what: "an idle loop spins", time: "10s", run: "^TestLoop$/^C10_", edits: []edit{
		{loopPark, "l.park(alarm)\n", "_ = alarm\n"},
	}},
	{
		clause: "C7", what: "a connection that has ended still posts", pkg: "./eventloop", run: "^TestAnEffect",
		edits: []edit{
			{"eventloop.(*Conn).post", "if _, known := l.conns[c]; known {", "{"},
		},
	},
	{
		clause: "C7", what: "a post between Close and the end of a stopped Run stays", pkg: "./eventloop",
		run: "^TestAPost", edits: []edit{
			{"eventloop.(*Loop).end", "l.dropInboxLocked()", ""},
		},
	},
	{
		clause: "C7", what: "a promise after Close holds the loop", pkg: "./eventloop",
		run: "^TestAPromise", edits: []edit{
			{"eventloop.(*Loop).owe", "!l.closed && !l.in.DrainedLocked()", "true"},
		},
	},
}
