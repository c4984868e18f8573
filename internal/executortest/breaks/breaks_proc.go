package main

// Processes, what they say to each other, and pictures. Each is tested where it is.
var procBreaks = []broken{
	{clause: "wire", what: "a frame beyond the limit is taken", pkg: wirePackage, run: "^Test", edits: []edit{
		{
			"procpool/internal/wire.parseFrame", "uint64(length) > uint64(limit)",
			"uint64(length) > uint64(limit) && false",
		},
	}},
	{clause: "wire", what: "a flag that nobody knows is ignored", pkg: wirePackage, run: "^Test", edits: []edit{
		{"procpool/internal/wire.parseFrame", "f.Flags&^flagsKnown != 0", "false"},
	}},
	{clause: "wire", what: "a type that nobody knows is ignored", pkg: wirePackage, run: "^Test", edits: []edit{
		{"procpool/internal/wire.parseFrame", "&& f.Flags&FlagOptional == 0", "&& false"},
	}},
	{clause: "codec", what: "null becomes the zero value", pkg: codecPackage, run: "^Test", edits: []edit{
		{"procpool/internal/codec.(*examiner).value", "if !s.null {", "if false {"},
	}},
	{clause: "codec", what: "objects are not looked into", pkg: codecPackage, run: "^Test", edits: []edit{
		{"procpool/internal/codec.(*examiner).value", "return e.object(s)", "_ = e.object(s)\nreturn nil"},
	}},
	{clause: "error", what: "a sentinel arrives wrapped", pkg: "./procpool", run: "^TestErrorsCross", edits: []edit{
		{"internal/farerror.(*decoder).error", "len(e.inner) == 1 &&", "false &&"},
	}},
	{clause: "error", what: "a sentinel does not arrive", pkg: "./procpool", run: "^TestErrorsCross", edits: []edit{
		{"internal/farerror.(*decoder).error", "sentinel != nil {", "sentinel != nil && false {"},
	}},
	{clause: "error", what: "a message of any size is sent", pkg: "./internal/farerror", run: "^Test", edits: []edit{
		{"internal/farerror.clip", "if len(s) <= maxMessage {", "if true {"},
	}},
	{
		clause: "proc", what: "a call that has not started is lost with its worker", pkg: "./procpool",
		run: "^TestKillMatrix", edits: []edit{
			{"procpool.(*Pool).bury", "started := !certain ||", "started := true || !certain ||"},
		},
	},
	{clause: "proc", what: "a call in a dead worker hangs", pkg: "./procpool", run: "^TestKillMatrix", edits: []edit{
		{"procpool.(*Pool).bury", "p.in.Commit() p.end(lost)", "p.in.Commit()\n_ = lost"},
	}},
	{
		clause: "proc", what: "a call that is Idempotent is not tried again", pkg: "./procpool", run: "^TestIdempotent",
		edits: []edit{
			{"procpool.(*Pool).mayRetryLocked", "return c.again &&", "return false && c.again &&"},
		},
	},
	{
		clause: "proc", what: "a call that is not Idempotent is tried again", pkg: "./procpool",
		run: "^Test(KillMatrix|Idempotent)", edits: []edit{
			{"procpool.(*Pool).mayRetryLocked", "return c.again &&", "return"},
		},
	},
	{clause: "proc", what: "a key has no worker of its own", pkg: "./procpool", run: "^TestKeys", edits: []edit{
		{"procpool.(*Pool).homeOfLocked", "if c.key == nil {", "if true {"},
	}},
	{
		clause: "proc", what: "what was sent ahead waits behind a long call", pkg: "./procpool",
		run: "^TestNothingWaits", edits: []edit{
			{"procpool.(*Pool).revokeLocked", "", "\treturn\n"},
		},
	},
	{
		clause: "proc", what: "a worker whose task waits takes no call of that task", pkg: "./procpool",
		run: "^TestFanOutOnOneWorker", time: "20s", edits: []edit{
			{"procpool.(*Pool).dispatchLocked", "if w == nil || w.want == nil {", "if w == nil || true {"},
		},
	},
	{
		clause: "proc", what: "a worker whose task waits takes any call", pkg: "./procpool", run: "^Test.*FanOut",
		time: "30s", edits: []edit{
			{"procpool.(*worker).roomLocked", "w.suspended == 0 &&", ""},
		},
	},
	{
		clause: "proc", what: "the first words of a crash are lost", pkg: "./procpool", run: "^Test", time: "300s",
		edits: []edit{
			{"procpool.(*tail).add", "if !t.crashed && slices", "if false && slices"},
		},
	},
	{
		clause: "proc", what: "a call whose context has ended goes to a worker", pkg: "./procpool",
		run: "^TestCancelled", time: "20s", edits: []edit{
			{
				"procpool.(*Pool).startableLocked", "err := context.Cause(c.node.Context())",
				"err := context.Cause(context.Background())",
			},
		},
	},
	{
		clause: "proc", what: "a call that runs for too long is not killed", pkg: "./procpool", run: "^TestRunTimeout",
		time: "40s", edits: []edit{
			{"procpool.(*Pool).judgeCallLocked", "case t.overdue,", "case false,"},
		},
	},
	{
		clause: "proc", what: "a call waits for a worker for ever", pkg: "./procpool", run: "^TestQueueTimeout",
		time: "40s", edits: []edit{
			{"procpool.(*Pool).expireLocked", "", "\treturn\n"},
		},
	},
	{
		clause: "bulk", what: "a place reaches beyond the area", pkg: "./procpool/internal/bulk", run: "^Test",
		edits: []edit{
			{"procpool/internal/bulk.(*area).reserve", "at+n > a.end", "at > a.end"},
		},
	},
	{clause: "codec", what: "the length of a list is believed", pkg: codecPackage, run: "^TestCompact", edits: []edit{
		{
			"procpool/internal/codec.(*decoder).count", "n > uint64(d.elements) || n > uint64(len(d.data)/least)",
			"false",
		},
	}},
	{
		clause: "picture", what: "a full timeline forgets what tasks are doing", pkg: ".", run: "^TestAFullTimeline",
		edits: []edit{
			{"quartet.(*Timeline).forgetLocked", "before(t.before, e)", "_ = e"},
		},
	},
	{
		clause: "picture", what: "a timeline remembers tasks that have ended", pkg: ".", run: "^TestATimelineForgets",
		edits: []edit{
			{"quartet.before", "delete(states, e.key())", "states[e.key()] = e"},
		},
	},
	{clause: "picture", what: "a label can drive a terminal", pkg: "./internal/draw", run: "^Test", edits: []edit{
		{"internal/printable.hidden", "unicode.IsControl(r) ||", ""},
	}},
	{clause: "picture", what: "a label is as long as it likes", pkg: "./internal/draw", run: "^Test", edits: []edit{
		{"internal/draw.Clean", "clip(text, MaxText)", "text"},
	}},
	{
		clause: "picture", what: "lanes that no picture shows take the room of others", pkg: "./inspect",
		run: "^Test(Nothing|ALong)",
		edits: []edit{
			{"inspect.(*recorder).Observe", "e.Lane < mostLanes", "true"},
		},
	},
}

const (
	wirePackage  = "./procpool/internal/wire"
	codecPackage = "./procpool/internal/codec"
)
