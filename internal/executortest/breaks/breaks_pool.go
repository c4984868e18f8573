package main

const (
	worker  = "workerpool/worker.go"
	waiting = "workerpool/waiting.go"
	pool    = "workerpool/pool.go"
	park    = "workerpool/park.go"
	returns = "workerpool/returning.go"

	consumer = "internal/leaf/consumer.go"
)

var poolBreaks = []broken{
	{clause: "C1", what: "an accepted task runs twice", edits: []edit{
		{worker, "\tn.Run()\n", "\tn.Run()\n\tn.Run()\n"},
	}},
	{clause: "C4", what: "a panic in a bare task does not reach OnPanic", edits: []edit{
		{worker, "p.cfg.OnPanic(quartet.NewPanicError(v))", "_ = quartet.NewPanicError(v)"},
	}},
	{
		clause: "C4", what: "a panic in a bare task is swallowed when there is no OnPanic", pkg: "./workerpool",
		run: "^TestBarePanicCrashes/task$", time: "10s", edits: []edit{
			{worker, "\t\tpanic(v)\n", "\t\treturn\n"},
		},
	},
	{clause: "C4", what: "Goexit in a task loses the worker's slot", edits: []edit{
		{worker, "\t\tdefer p.exit(work{node: n}, w)\n", ""},
	}},
	{clause: "C4", what: "Goexit in a bare task does not reach OnPanic", edits: []edit{
		{worker, "p.cfg.OnPanic(quartet.ErrGoexit)", "_ = quartet.ErrGoexit"},
	}},
	{clause: "C6", what: "a task that awaits keeps its slot", edits: []edit{
		{waiting, "lent, err := r.lend(to)", "lent, err := false, error(nil)"},
	}},
	{clause: "C6", what: "a task goes on after a wait without a slot", edits: []edit{
		{
			returns, "\treturn back\n}\n\nfunc (r *returners) take",
			"\tp.slots++\n\tp.admitLocked(back)\n\treturn back\n}\n\nfunc (r *returners) take",
		},
	}},
	{clause: "C6", what: "one task more than the limit starts", edits: []edit{
		{worker, "\tcase p.slotsLocked() >= p.cfg.Workers:\n", "\tcase p.slotsLocked() > p.cfg.Workers:\n"},
		{
			worker, "p.slotsLocked() >= p.cfg.Workers || p.nextReturningLocked() != nil {",
			"p.slotsLocked() > p.cfg.Workers || p.nextReturningLocked() != nil {",
		},
	}},
	{clause: "C7", what: "Close and Shutdown leave the idle workers", edits: []edit{
		{park, "\tfor _, w := range p.idle {\n\t\tp.sendHomeLocked(w)\n\t}\n", ""},
		{park, "\tp.exited.Wait()\n", ""},
	}},
	{clause: "C7", what: "a second Close panics", edits: []edit{
		{park, "p.idle, p.cfg.MinWorkers = nil, 0", "p.cfg.MinWorkers = 0"},
	}},
	{clause: "C10", what: "an idle worker spins", time: "10s", edits: []edit{
		{worker, "\tfor n := range w.next {\n", `	for {
		if len(w.next) == 0 {
			continue
		}
		n, open := <-w.next
		if !open {
			return
		}
`},
	}},
	{clause: "C12", what: "Pool.Go allocates", run: "^TestAllocations", alone: true, edits: []edit{
		{
			"internal/leaf/lane.go", "\t\treturn l.ring.Push(Entry{Leaf: fn})\n\t}\n\ts :=",
			"\t\treturn l.ring.Push(Entry{Leaf: func() { fn() }})\n\t}\n\ts :=",
		},
	}},
	{
		clause: "C10", what: "a worker that looked out for one task tells of no second", pkg: "./workerpool",
		run: "LookedOutForIt$", time: "10s", edits: []edit{{consumer, "\t\t\tl.of.Feed()\n", ""}},
	},
	{
		clause: "C10", what: "a look at an entry that a worker has just taken calls nobody for the next", pkg: "./internal/leaf",
		run: "^TestWho", time: "20s", edits: []edit{{
			"internal/leaf/lane.go", "\tif l.ring.Ready() {\n\t\treturn true\n\t}\n\tl.hungry.Store(true)\n",
			"\tif !l.ring.Ready() {\n\t\tl.hungry.Store(true)\n\t}\n",
		}},
	},
	{
		clause: "C9", what: "nobody finds the tasks that run without the lock", pkg: "./workerpool", time: "20s",
		run: "WithoutTheLock", edits: []edit{{
			"internal/intake/calls.go", "for n := range in.lane.SittingLocked {\n\t\tin.adoptFromLaneLocked(n)\n\t}\n", "",
		}},
	},
	{
		clause: "C7", what: "a worker that leaves the lane with its task keeps its hold", pkg: "./workerpool", time: "20s",
		run: "WithoutTheLock", edits: []edit{{
			"internal/intake/calls.go", "\t\tin.countAdoptedLocked(n)\n\t\tin.ReleaseLocked(1)\n",
			"\t\tin.countAdoptedLocked(n)\n",
		}},
	},
}
