package main

// Races between a pool, its workers and their deaths. Each is tested where it is.
var procRaceBreaks = []broken{
	{
		clause: "proc", what: "a Reload that ends kills the worker that has proved it", pkg: "./procpool",
		run: "^TestReloadThatEnds", edits: []edit{
			{
				"procpool.(*Pool).giveProofUp", "if p.version < proof.version { proof.retireLocked(byReload) }",
				"proof.kill(errNotNeeded)",
			},
		},
	},
	{
		clause: "proc", what: "Resize counts the worker that is to prove a version", pkg: "./procpool",
		run: "^TestAProof", edits: []edit{
			{"procpool.(*worker).stayingLocked", "&& w.version <= w.pool.version", ""},
		},
	},
	{
		clause: "proc", what: "a hello makes a worker of one that was killed", pkg: "./procpool", run: "^TestAHello",
		edits: []edit{
			{"procpool.(*Pool).greet", "if err := w.inTime(); err != nil { return err }", "_ = w.inTime()"},
		},
	},
	{
		clause: "proc", what: "who hangs up before its hello has until BootTimeout", pkg: "./procpool",
		run: "^TestAWorkerThatHangs", edits: []edit{
			{"procpool.(*worker).light", "w.lightLocked(&w.exit, d, cause)", "w.lightLocked(&w.boot, d, cause)"},
		},
	},
	{
		clause: "proc", what: "a limit ends a worker that has died by itself", pkg: "./procpool",
		run: "^TestWhatADeadWorker", edits: []edit{
			{"procpool.(*worker).killLocked", "if w.reaped {", "if false {"},
		},
	},
	{
		clause: "proc", what: "a call that waits to be sent again ends twice", pkg: "./procpool",
		run: "^TestACallThatEndsWith", edits: []edit{
			{"procpool.(*Pool).failQueuedLocked", "c.toLocked(ending)", ""},
		},
	},
	{
		clause: "proc", what: "Close leaves the watch of a context", pkg: "./procpool", run: "^TestCloseWaits",
		edits: []edit{
			{"procpool.(*Pool).contextEnded", "defer p.exited.Done()", "p.exited.Done()"},
		},
	},
	{
		clause: "proc", what: "a replica without a ledger never serves", pkg: "./procpool", run: "^TestAReplica",
		edits: []edit{
			{"procpool.(*Pool).begins", "if untold ||", "if untold && false ||"},
		},
	},
	{
		clause: "proc", what: "a hook that exits leaves a worker that never comes up", pkg: "./procpool",
		run: "^TestOnCommandThat", time: "90s", edits: []edit{
			{
				"procpool.(*Pool).onCommand",
				"thread.Go(func() { p.in.Guard(func() { hook(cmd); returned = true }) }) thread.Wait()",
				"_ = &thread\np.in.Guard(func() { hook(cmd); returned = true })",
			},
		},
	},
	{
		clause: "proc", what: "the next start waits for a timer of long ago", pkg: "./procpool",
		run: "^TestTheNextStart", edits: []edit{
			{"procpool.(*Pool).growLaterLocked", "b.armed && !at.Before(b.fires)", "b.armed"},
		},
	},
	{
		clause: "wire", what: "a body without room goes in one frame", pkg: "./procpool", run: "^TestABodyWithout",
		edits: []edit{
			{
				"procpool.(*sender).store", "s.framed = true",
				"l.buf, l.body = wire.AppendHeader(l.buf, l.bulk), l.bulk.Body\ns.popLocked()",
			},
		},
	},
	{
		clause: "wire", what: "a CANCEL passes its task while that is put into shared memory", pkg: "./procpool",
		run: "^TestABodyWithout", edits: []edit{
			{"procpool.(*sender).behindLocked", "len(s.queue) == 0 ||", "true ||"},
		},
	},
	{
		clause: "wire", what: "an answer to what was not sent is believed", pkg: "./procpool", run: "^TestAnAnswer",
		edits: []edit{
			{"procpool.(*Pool).frameLocked", "c.node.Is(task.Joined) &&", "c.node.Is(task.Joined) && false &&"},
		},
	},
	{
		clause: "wire", what: "an input is read when its caller has it back", pkg: "./procpool",
		run: "^TestAnInputIs", edits: []edit{
			{"procpool.(*sender).pieceLocked", "f.Type == wire.Task && !f.Owned", "false"},
		},
	},
	{
		clause: "wire", what: "a CALL that was cancelled while it was sent goes on", pkg: childPackage,
		run: "^TestACallIs", edits: []edit{
			{"procpool/internal/child.(*server).Cancelled", "o.cancelled = !o.sent", ""},
		},
	},
	{
		clause: "wire", what: "a REPLY that comes early leaves a watch", pkg: childPackage, run: "^TestAReply",
		edits: []edit{
			{"procpool/internal/child.(*server).follow", "if !waits {", "if !waits && false {"},
		},
	},
	{
		clause: "wire", what: "a call in a wrapper is not sent a second time", pkg: childPackage, run: "^TestClaiming",
		edits: []edit{
			{
				"procpool/internal/child.claim", "f.Node().Claim() || !f.Node().State().Over()",
				"f.Node().Claim()",
			},
		},
	},
}

const childPackage = "./procpool/internal/child"
