package main

// Clause 3a: a call runs on its caller's goroutine, and is a task in all other ways.
var callBreaks = []broken{
	{clause: "C3a", what: "a call on a pool is a task of its own", edits: []edit{
		{"workerpool.(*Pool).submit", "if call {", "if call && false {"},
	}},
	{clause: "C3a", what: "a call by name is a task of its own", edits: []edit{
		{"quartet.(*Func).Do", "c.node.Flags, c.node.Data = task.Joined, ex", "_ = task.Joined"},
	}},
	{clause: "C3a", what: "a nested call on a loop is a task of its own", run: "^TestLoop$/^C3a_", edits: []edit{
		{"eventloop.(*Loop).submit", "if call {", "if call && false {"},
	}},
	{clause: "C3a", what: "a nested call on a lock is a thread of its own", run: "^TestGIL$/^C3a_", edits: []edit{
		{"gil.(*Scheduler).submit", "if call {", "if call && false {"},
	}},
	{clause: "C3a", what: "a call keeps another model's goroutine", edits: []edit{
		{"workerpool.(*Pool).callHere", "model != nil && (!own || caller.pool() != p)", "false && own"},
	}},
	{clause: "C3a", what: "a call starts without a free slot", edits: []edit{
		{"workerpool.(*Pool).maySkipQueueLocked", "p.freeLocked() > 0 && p.in.NobodyWaitsLocked()", "true"},
		{"internal/intake.(*Intake).lendSlotsLocked", "in.cfg.Free()", "maxSeats"},
	}},
	{clause: "C3a", what: "a call jumps the queue", pkg: "./workerpool", run: "^Test", edits: []edit{
		{"workerpool.(*Pool).maySkipQueueLocked", "&& p.in.NobodyWaitsLocked()", ""},
		{"internal/intake.(*Intake).lendSlotsLocked", "in.LenLocked() > 0 ||", ""},
		{"internal/intake.(*Intake).BeginCall", "parent == nil && in.lane.Len() > 0 ||", ""},
	}},
	{
		clause: "C3a", what: "a call of a lower priority passes the queue", pkg: "./workerpool", run: "^TestANestedCall",
		edits: []edit{
			{
				"workerpool.(*Pool).maySkipQueueLocked",
				"runs(parent) && (n.Level <= parent.Level || p.in.LenLocked() == 0)",
				"runs(parent)",
			},
			{"internal/intake.(*Intake).BeginCall", "parent.Level < n.Level", "false"},
		},
	},
	{
		clause: "C3a", what: "a call by a task that waits runs on its slot", pkg: "./workerpool", run: "^TestACallInTheName",
		edits: []edit{
			{"workerpool.(*Pool).maySkipQueueLocked", "runs(parent) &&", ""},
			{"internal/intake.replace", "(was == task.Running || was == task.Claimed) && parent.Move(was, task.Waiting)", "parent.Move(was, task.Waiting) || true"},
		},
	},
	{clause: "C3a", what: "a call that ends keeps its slot", edits: []edit{
		{"workerpool.(*Pool).leaveHere", "case parent == nil: p.releaseLocked(n)", "case parent == nil:"},
		{"internal/intake.(*Call).End", "c.leave()", ""},
	}},
	{clause: "C3a", what: "the slot that a call gives back wakes nobody", edits: []edit{
		{
			"workerpool.(*Pool).leaveHere", "p.lanes = append(p.lanes, n.Lane) p.dispatchLocked()",
			"p.lanes = append(p.lanes, n.Lane)",
		},
		{"internal/intake.(*Call).leave", "in.MakeRoomLocked()", ""},
	}},
	{clause: "C3a", what: "a Goexit in a call loses its slot", edits: []edit{
		{"workerpool.(*Pool).here", "defer p.leaveHere(n, parent, c) n.Run()", "n.Run()\np.leaveHere(n, parent, c)"},
	}},
	{clause: "C3a", what: "a Goexit elsewhere spares the caller", run: "^TestLoop$/^C3a_", edits: []edit{
		{"quartet.(*Future).joined", "f.node.Outcome == task.Exited", "f.node.Outcome == task.Exited && false"},
	}},
	{clause: "C3a", what: "a parent has no loop after its call", run: "^TestLoop$/^C3a_", edits: []edit{
		{"eventloop.(*Loop).here", "l.current.Store(parent)", "_ = parent"},
	}},
	{clause: "C3a", what: "a parent counts as waiting after its call", edits: []edit{
		{"internal/intake.(*Intake).EndCallLocked", "in.goesOnLocked(parent)", "_ = parent"},
		{"internal/intake.(*Call).End", "c.parent.Move(task.Waiting, task.Running)", ""},
	}},
	{clause: "C3a", what: "a parent counts as running during its call", edits: []edit{
		{"internal/intake.(*Intake).CallLocked", "in.waitsLocked(parent)", ""},
		{"internal/intake.(*Intake).addCallsLocked", "s.Waiting += waiting", ""},
	}},
	{clause: "C3a", what: "a call is not counted", edits: []edit{
		{"internal/intake.(*Intake).CallLocked", "in.countLocked(n)", ""},
		{"internal/intake.(*Call).End", "c.seat.count(c.node)", ""},
	}},
	{clause: "C3a", what: "a call is not observed", edits: []edit{
		{"internal/intake.(*Intake).CallLocked", "in.stepLocked(quartet.EventQueued, n, n.Stamp)", ""},
	}},
	{clause: "C3a", what: "a call is accepted after Close", edits: []edit{
		{
			"internal/intake.(*Intake).CallLocked", "err := in.refusedLocked(n, within); err != nil",
			"err := in.refusedLocked(n, within); err != nil && err != quartet.ErrClosed",
		},
	}},
	{clause: "C3a", what: "a call exceeds InFlight", edits: []edit{
		{"internal/intake.(*Intake).CallLocked", "|| within == nil && in.inFlightLocked() >= in.cfg.InFlight", ""},
		{"internal/intake.(*Intake).lendSlotsLocked", "in.cfg.InFlight-in.inFlightLocked()", "maxSeats"},
	}},
	{clause: "C3a", what: "Close overlooks the calls in seats", pkg: "./workerpool", run: "^TestClose", edits: []edit{
		{"internal/intake.(*Intake).unfinished", "in.adoptAllLocked()", ""},
	}},
	{
		clause: "C3a", what: "calls end without a word while something is queued", pkg: "./workerpool", run: "^TestCalls",
		edits: []edit{
			{"internal/intake.(*Intake).lendSlotsLocked", "in.LenLocked() > 0 || in.door.busy() ||", ""},
		},
	},
	{clause: "C3a", what: "a call in a seat that waits keeps its slot", edits: []edit{
		{"workerpool.(*Pool).adoptedLocked", "p.slots++", ""},
	}},
	{clause: "C3a", what: "a call leaves its labels to the caller", edits: []edit{
		{"quartet.setLabels", "return func() { pprof.SetGoroutineLabels(after) }", "_ = after\nreturn func() {}"},
	}},
	{clause: "C3a", what: "a call takes the caller's labels away", edits: []edit{
		{"quartet.setLabels", "if n.Is(task.OnCaller) {", "if false {"},
	}},
	{clause: "C3a", what: "a call that is given up runs all the same", edits: []edit{
		{"quartet.(*Future).joined", "", "\tctx = context.WithoutCancel(ctx)\n"},
		{
			"internal/intake.(*Intake).register", "AfterFunc(parent,", "AfterFunc(context.WithoutCancel(parent),",
		},
	}},
}

// Clause 12: allocations.
var costBreaks = []broken{
	{
		clause: "C12", what: "Do with a ctx that can end waits with a ctx of its own", run: "^TestAllocations",
		edits: []edit{
			{"quartet.endless", "case modelOf(ctx) == nil:", "case false:"},
		},
	},
	{clause: "C12", what: "a future has more than 240 bytes", run: "^TestAllocations", alone: true, edits: []edit{
		{"future.go", "hooks task.Hooks", "hooks task.Hooks\nspare [64]byte"},
	}},
	{clause: "C12", what: "a waiter's channel is not used again", run: "^TestAllocations", alone: true, edits: []edit{
		{"quartet.(*Future).block", "f.node.Keep(p)", ""},
	}},
	{clause: "C12", what: "a task's context is always apart", run: "^TestAllocations", alone: true, edits: []edit{
		{"quartet.place", "if holdsNothing(ctx) {", "if false {"},
	}},
	{clause: "C12", what: "a call's context is apart from its future", run: "^TestAllocations", alone: true, edits: []edit{
		{"quartet.Do", "t.node.Init(&b.ctx, ctx, t)", "own := &task.Ctx{}\nt.node.Init(own, ctx, t)"},
		{"quartet.Do", "r.SubmitTask(&b.ctx, t)", "r.SubmitTask(own, t)"},
	}},
	{clause: "C14", what: "an ended future keeps its ctx", edits: []edit{
		{"quartet.place", "if holdsNothing(ctx) {", "if true {"},
	}},
	{clause: "C14", what: "an ended future keeps its closure", edits: []edit{
		{"quartet.(*Future).settle", "f.fn, f.value, f.err = nil, value, err", "f.value, f.err = value, err"},
		{"quartet.(*futureTask).call", "t.fn = nil", ""},
	}},
	{clause: "C14", what: "a cancelled future keeps its closure", edits: []edit{
		{"quartet.(*Future).settle", "f.fn, f.value, f.err = nil, value, err", "f.value, f.err = value, err"},
	}},
	{clause: "C14", what: "an ended context forgets its values", edits: []edit{
		{"internal/task.(*Ctx).Value", "return d.lifetime().ctx.Value(key)", "return nil"},
	}},
	{clause: "C14", what: "a chain of successors keeps every link", edits: []edit{
		{
			"internal/task.(*Ctx).around", "p == nil || !p.over() || !c.cut && !c.over()",
			"p == nil || !p.over() || true",
		},
	}},
	{clause: "C14", what: "the context of a chain's link is a link longer", edits: []edit{
		{"internal/task.(*Ctx).init", "uncancelled(p.foreign)", "parent"},
	}},
	{clause: "C14", what: "the end of a context walks along the queue", pkg: "./internal/intake", run: "^Test", edits: []edit{
		{
			"internal/intake.(*Intake).contextEnded", "w.Remove(n)",
			"w.Remove(n)\nfor range in.queues[1].All() {\n}",
		},
	}},
	{
		clause: "C14", what: "all contexts that end are handled under one lock", pkg: "./internal/intake", run: "^Test",
		edits: []edit{
			{"internal/intake.(*Intake).contextEnded", "in.Commit() in.Lock()", ""},
		},
	},
	{clause: "C14", what: "a pool keeps the last queued context", run: "^TestGIL$/^C14_", edits: []edit{
		{
			"internal/intake.(*Intake).unwatchedLocked", "in.resting = weak.Make(w)",
			"in.resting = weak.Make(w)\nkeptWatch = w",
		},
		{
			"internal/intake/watch.go", "// startsSoonLocked reports",
			"var keptWatch *task.Watch\n\n// startsSoonLocked reports",
		},
	}},
}
