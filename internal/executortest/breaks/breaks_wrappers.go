package main

// Clause 13: wrappers keep what they wrap.
var wrapperBreaks = []broken{
	{clause: "C13", what: "As looks at the outermost wrapper alone", edits: []edit{
		{"quartet.As", "x = unwrap(x)", "x = nil"},
	}},
	{clause: "C13", what: "Serialized hides the executor inside", edits: []edit{
		{"quartet.(*serialized).Unwrap", "return s.Executor", "return nil"},
	}},
	{clause: "C13", what: "Serialized hides the call inside", edits: []edit{
		{"quartet.(*serializedCall).Unwrap", "return c.Call", "return nil"},
	}},
	{clause: "C13", what: "a call that fails inside a wrapper counts as done", edits: []edit{
		{"quartet.(*Future).host", "return hostOf(ctx)", "return nil"},
	}},
	{clause: "C13", what: "a call that fails through Serialized counts as done", edits: []edit{
		{"quartet.(*serializedCall).Run", "err != nil || c.failed()", "false"},
	}},
	{clause: "C13", what: "a panic through Serialized does not reach OnPanic", edits: []edit{
		{"quartet.(*serializedCall).Run", "host.Owner().Panicked(err, true)", "_ = err"},
	}},
	{clause: "C13", what: "Map takes no window through a wrapper", edits: []edit{
		{"quartet.mapSeq", "As[interface{ Ahead() int }](ex)", "ex.(interface{ Ahead() int })"},
	}},
	{clause: "S3", what: "Around is not called through Serialized", run: "^TestPool$/^S3_Around", edits: []edit{
		{"quartet.(*serializedCall).Run", "surrounded(ctx, host, func", "surrounded(ctx, nil, func"},
	}},
	{clause: "S3", what: "Around is not called around a bare task", run: "^TestPool$/^S3_Around", edits: []edit{
		{"internal/intake.(*Intake).RunAround", "", "\tn.Job.Run(n.Context())\n\treturn\n"},
	}},
	{clause: "S3", what: "what Around returns is not the task's error", run: "^TestPool$/^S3_Around", edits: []edit{
		{"internal/intake.CallAround", "return run(ctx)", "_ = run(ctx)\nreturn nil"},
	}},
	{clause: "S3", what: "Around may call run twice", run: "^TestPool$/^S3_Around", edits: []edit{
		{"internal/intake.CallAround", "if ran {", "if false {"},
	}},
	{clause: "S3", what: "a task that Around keeps from running succeeds", run: "^TestPool$/^S3_Around", edits: []edit{
		{"internal/intake.CallAround", "err == nil && !ran", "false"},
	}},
}

// Clause 15: errors are not lost.
var errorBreaks = []broken{
	{clause: "C15", what: "Map goes on pulling when its ctx has ended", edits: []edit{
		{"quartet.(*mapping).run", "m.cut = m.cut || m.outer.Err() != nil", ""},
	}},
	{clause: "C15", what: "Map yields the end of its ctx for each call", edits: []edit{
		{"quartet.(*mapping).yieldDown", "err != nil && onlyCancelled(err, m.outer)", "false"},
	}},
	{clause: "C15", what: "Map does not say that its ctx has ended", edits: []edit{
		{"quartet.(*mapping).run", "m.cut && m.outer.Err() != nil", "false"},
	}},
	{clause: "C15", what: "Map that is complete says that its ctx has ended", edits: []edit{
		{"quartet.(*mapping).run", "m.cut && m.outer.Err() != nil", "m.outer.Err() != nil"},
	}},
	{clause: "C15", what: "Map over an executor that is closed goes on", edits: []edit{
		{"quartet.(*mapping).run", "errors.Is(refusal, ErrClosed)", "errors.Is(refusal, ErrClosed) && false"},
	}},
	{clause: "C15", what: "Group drops what was joined with the cancellation", edits: []edit{
		{"quartet.only", "if !only(err, end, cause) {", "if only(err, end, cause) { return true }; if false {"},
	}},
	{clause: "C15", what: "Group keeps net/http's copies of the cause", edits: []edit{
		{"quartet.only", "return only(inner, end, cause)", "return false"},
	}},
	{clause: "C15", what: "Group drops a panic with the cancellation", edits: []edit{
		{"quartet.only", "case *PanicError:", "case nil:"},
	}},
	{clause: "C15", what: "Group drops whatever is a cancellation", edits: []edit{
		{
			"quartet.only", "if err == end || same(err, cause) {",
			"if errors.Is(err, context.Canceled) || same(err, cause) {",
		},
	}},
	{
		clause: "C15", what: "a panic that nobody sees is not logged", pkg: ".", run: "^TestUnseenPanics/bare",
		time: "90s", edits: []edit{
			{"quartet.(*Future).noteUnseen", "", "\treturn\n"},
		},
	},
	{clause: "C15", what: "a panic that was awaited is logged too", pkg: ".", run: "^TestUnseenPanics", edits: []edit{
		{"quartet.(*Future).outcome", "atomic.StoreUint32(&p.seen, 1)", "_ = p"},
	}},
	{
		clause: "C15", what: "a panic that OnPanic has seen is logged too", pkg: ".", run: "^TestSeenPanics",
		edits: []edit{
			{"internal/intake.(*Intake).Unseen", "if in.cfg.OnPanic != nil {", "if false {"},
		},
	},
	{
		clause: "C15", what: "a panic that Map gives up counts as seen", pkg: ".", run: "^TestPanicsThatMap",
		time: "90s",
		edits: []edit{
			{
				"quartet.(*mapping).join", "_ = f.join(context.WithoutCancel(m.outer))",
				"_, _ = f.Await(context.WithoutCancel(m.outer))",
			},
		},
	},
	{
		clause: "C14", what: "Group keeps the waits that their ctx has ended", pkg: ".", run: "^TestGroupWait",
		edits: []edit{
			{"quartet.(*resumes).remove", "delete(r.waits, entry)", "_ = entry"},
		},
	},
	{clause: "C14", what: "Map in order keeps what it has yielded", pkg: ".", run: "^TestMapKeeps", edits: []edit{
		{"quartet.(*flight).next", "l.order[l.first] = nil", ""},
	}},
	{clause: "C14", what: "Map without order keeps what it has yielded", pkg: ".", run: "^TestMapKeeps", edits: []edit{
		{"quartet.(*inbox).tryTake", "b.items[0] = *new(T)", ""},
	}},
	{
		clause: "S4", what: "a Completed that waits for the own key is no deadlock", pkg: "./workerpool",
		run: "^TestWaitsUnder", time: "20s", edits: []edit{
			{"quartet.allHeldBy", "", "\treturn false\n"},
		},
	},
	{
		clause: "S4", what: "a Completed under a key that another holds is a deadlock", pkg: "./workerpool",
		run: "^TestWaitsUnder", edits: []edit{
			{"workerpool.(*run).Holds", "return p.in.SameKeyLocked((*task.Node)(r), n)", "return n.In != nil"},
		},
	},
	{clause: "S3", what: "Stop closes nothing when ctx ends", pkg: ".", run: "^TestStop", edits: []edit{
		{"quartet.Stop", "unfinished = append(unfinished, s)", "_ = s"},
	}},
	{clause: "S3", what: "Stop closes from inside", pkg: ".", run: "^TestStop", time: "20s", edits: []edit{
		{"quartet.Stop", "&& !errors.Is(err, ErrInside)", ""},
	}},
	{clause: "S3", what: "Stop begins with what comes last", pkg: ".", run: "^TestStop", edits: []edit{
		{
			"quartet.Stop", "for _, s := range stoppers { if err",
			"for i := range stoppers { s := stoppers[len(stoppers)-1-i]; if err",
		},
	}},
	{
		clause: "S3", what: "a propagated value does not own its data", pkg: "./internal/propagate", run: "^Test",
		edits: []edit{
			{"internal/propagate.Parse", "append([]byte{}, value...)", "value"},
		},
	},
	{
		clause: "S3", what: "an empty propagated value does not travel", pkg: "./internal/propagate", run: "^Test",
		edits: []edit{
			{"internal/propagate.Inject", "data != nil", "len(data) > 0"},
		},
	},
	{
		clause: "S3", what: "a propagated value's length is not checked", pkg: "./internal/propagate",
		run: "^(Test|Fuzz)",
		edits: []edit{
			{"internal/propagate.cut", "n <= 0 || size > uint64(len(data)-n)", "n <= 0"},
		},
	},
	{
		clause: "S3", what: "a Config's durations pass through an int", pkg: "./internal/executortest",
		run: "^TestConfigs", edits: []edit{
			{"internal/intake.NotNegative", "if v < 0 {", "if int32(v) < 0 {"},
		},
	},
	{
		clause: "S3", what: "a Config's fields are checked from the last one", pkg: "./internal/executortest",
		run: "^TestConfigs", edits: []edit{
			{
				"internal/intake.Wrong", "for _, f := range fields {",
				"for i := range fields { f := fields[len(fields)-1-i]",
			},
		},
	},
}
