package main

// What a view's bound and RejectLate rest on. Both are the pool's own, and so are their tests.
var lateBreaks = []broken{
	{
		clause: "late", what: "what would start at once is judged", pkg: "./workerpool", run: "^TestRejectLate[^U]",
		edits: []edit{
			{"internal/intake.(*Intake).lateLocked", "if starts == 0 {", "if false {"},
		},
	},
	{
		clause: "late", what: "the tasks of higher levels do not count",
		pkg: "./workerpool", run: "^TestRejectLate[^U]",
		edits: []edit{
			{"internal/intake.(*Intake).startsLocked", "higher += in.waitingLocked(l)", "_ = in.waitingLocked(l)"},
		},
	},
	{
		clause: "late", what: "all levels count alike", pkg: "./workerpool", run: "^TestRejectLate[^U]",
		edits: []edit{
			{"internal/intake.(*Intake).startsLocked", "l < n.Level", "l <= Low"},
		},
	},
	{
		clause: "late", what: "blocked submitters do not count", pkg: "./workerpool", run: "^TestRejectLate[^U]",
		edits: []edit{
			{"internal/intake.(*Intake).waitingLocked", "+ in.door.lines[outside][level-High].Len()", ""},
		},
	},
	{
		clause: "late", what: "a key's backlog does not count", pkg: "./workerpool", run: "^TestRejectLate[^U]",
		edits: []edit{
			{"internal/intake.(*Intake).waitLocked", "w = in.waitAtLocked(s, w).Then(w)", ""},
		},
	},
	{
		clause: "late", what: "how long a task runs already does not count", pkg: "./workerpool",
		run: "^TestRejectLate",
		edits: []edit{
			{
				"internal/intake.(*Intake).runsOnLocked", "in.punctual.runs.Left(time.Duration(now-n.Stamp))",
				"in.punctual.runs.Mean()",
			},
		},
	},
	{
		clause: "late", what: "all that runs is looked at", pkg: "./internal/intake", run: "^TestRejectLate",
		edits: []edit{
			{"internal/intake.(*Intake).leftLocked", "running >= min(slots-free, maxSeen)", "running >= slots-free"},
		},
	},
	{
		clause: "late", what: "all that waits at a limit is looked at",
		pkg: "./internal/intake", run: "^TestRejectLate", edits: []edit{
			{"internal/intake.(*Intake).waitAtLocked", "seen >= maxSeen ||", ""},
		},
	},
	{
		clause: "late", what: "run times of long ago count", pkg: "./workerpool", run: "^TestRejectLate[^U]",
		edits: []edit{
			{"internal/intake.(*Intake).forgetRunsLocked", "p.runs, p.last = late.Runs{}, 0", ""},
		},
	},
	{
		clause: "late", what: "a wait for room lasts until the deadline", pkg: "./workerpool", run: "^TestRejectLate[^U]",
		edits: []edit{
			{"internal/intake.(*Intake).inTimeLocked", "deadline.Add(-in.punctual.runs.Mean())", "deadline"},
		},
	},
	{
		clause: "late", what: "how run times vary does not count", pkg: "./internal/late", run: "^TestLate",
		edits: []edit{
			{"internal/late.(*Runs).Late", "r.sorted[(2*i+1)*n/(2*k)]", "r.mean+time.Duration(0*i)"},
			{"internal/late.(*Judge).Ended", "case !unjudged:", "case false:"},
		},
	},
	{
		clause: "late", what: "the queue is filled however much is refused", pkg: "./internal/late", run: "^TestJudge",
		edits: []edit{
			{
				"internal/late.(*Judge).Refuses", "return added > j.share/16+j.idle(r.Mean(), slots, starts)",
				"_ = added\nreturn false",
			},
		},
	},
	{clause: "late", what: "success is not measured", pkg: "./internal/late", run: "^TestJudge", edits: []edit{
		{"internal/late.(*Judge).Ended", "j.trust = max(0, j.trust-lesson*(1-j.share))", ""},
	}},
	{
		clause: "late", what: "starts come evenly where all run equally long", pkg: "./internal/late", run: "^TestWait",
		edits: []edit{
			{"internal/late.(*Runs).Wait", "if variation < 1 {", "if false {"},
		},
	},
	{
		clause: "bound", what: "a key's backlog grows beyond AtMost", pkg: "./workerpool", run: "^TestAtMost",
		edits: []edit{
			{"internal/intake.(*Intake).fullLocked", "s.Backlog() >= most", "s.Backlog() > most"},
		},
	},
	{
		clause: "bound", what: "a limit's keys do not count for its backlog", pkg: "./workerpool", run: "^TestAtMost",
		edits: []edit{
			{"internal/task.(*Turnstile).count", "for ; s != nil; s = s.Next {", "for range 1 {"},
		},
	},
	{
		clause: "bound", what: "who waits apart is not let in when the backlog shrinks", pkg: "./workerpool",
		run: "^TestAtMost", edits: []edit{
			{
				"internal/intake.(*Intake).passLocked", "in.enqueueLocked(n) in.loosenLocked(s) } in.loosenLocked(s)",
				"in.enqueueLocked(n)\n}",
			},
		},
	},
	{
		clause: "bound", what: "who waits apart holds up all others", pkg: "./workerpool", run: "^TestAtMost",
		edits: []edit{
			{"internal/intake.(*Intake).come", "in.door.push(v, in.fullLocked(v.node, true))", "in.door.push(v, nil)"},
		},
	},
	{clause: "bound", what: "Close leaves those who wait apart", pkg: "./workerpool", run: "^TestAtMost", edits: []edit{
		{"internal/intake.(*door).everybody", "lines = append(lines, *l)", "_ = l"},
	}},
	{
		clause: "bound", what: "without a queue a task waits for its key", pkg: "./workerpool", run: "^TestNoQueue",
		edits: []edit{
			{"internal/intake.(*Intake).most", "case in.cfg.NoQueue:", "case false:"},
		},
	},
	{
		clause: "bound", what: "without a queue a task waits for a worker", pkg: "./workerpool", run: "^TestNoQueue",
		edits: []edit{
			{
				"internal/intake.(*Intake).roomLocked", "in.LenLocked() >= in.cfg.Free()",
				"in.LenLocked() > in.cfg.Free()",
			},
		},
	},
	{
		clause: "bound", what: "InFlight cuts a long queue short",
		pkg: "./workerpool", run: "^TestInFlightFollowsQueue",
		edits: []edit{
			{"internal/intake.DefaultInFlight", "return min(queue, math.MaxInt/2) * 2", "_ = math.MaxInt\nreturn few"},
		},
	},
	{
		clause: "thread", what: "a thread locked twice goes to the next task", pkg: "./workerpool",
		run: "^TestAThreadLeftLocked", edits: []edit{
			{"internal/task.UnlockThread", "for range maxThreadLocks {", "for range maxThreadLocks / 4 {"},
		},
	},
	{
		clause: "thread", what: "a leaf that panics leaves its thread locked", pkg: "./workerpool",
		run: "^TestAThreadLeftLocked", edits: []edit{
			{"workerpool.(*Pool).someLeaves", "task.UnlockThread()", ""},
		},
	},
	{
		clause: "guards", what: "a zero Future is awaited for ever", pkg: ".", run: "^Test.*Panics$", time: "20s",
		edits: []edit{
			{".(*Future).made", "f == nil || f.node.Job == nil", "f == nil"},
		},
	},
}
