package main

// What the executors are made of. Each is tested where it is.
var partBreaks = []broken{
	{
		clause: "ring", what: "a slot is published before its value", pkg: "./internal/ring", run: "^Test", race: true,
		edits: []edit{
			{"internal/ring.(*Ring).Push", "s.value = v s.seq.Store(pos + 1)", "s.seq.Store(pos + 1)\ns.value = v"},
		},
	},
	{clause: "ring", what: "the limit is that of the slots", pkg: "./internal/ring", run: "^Test", edits: []edit{
		{"internal/ring.(*Ring).Push", "if pos-r.seen.Load() >= r.limit && r.full(pos) {", "if false {"},
	}},
	{clause: "ring", what: "Push goes through a gate that is shut", pkg: "./internal/ring", run: "^Test", edits: []edit{
		{"internal/ring.(*Ring).Push", "if tail&shut != 0 {", "if false {"},
		{
			"internal/ring.(*Ring).Push", "r.tail.CompareAndSwap(tail, tail+2)",
			"r.tail.CompareAndSwap(tail, tail&^shut+2)",
		},
	}},
	{clause: "ring", what: "a value that was popped is kept", pkg: "./internal/ring", run: "^Test", edits: []edit{
		{"internal/ring.(*Ring).Pop", "s.value = *new(T)", ""},
	}},
	{clause: "ring", what: "a value is popped twice", pkg: "./internal/ring", run: "^Test", time: "30s", edits: []edit{
		{
			"internal/ring.(*Ring).Pop", "seq == pos+1 && r.head.CompareAndSwap(pos, pos+1)",
			"seq == pos+1 && (r.head.CompareAndSwap(pos, pos+1) || true)",
		},
	}},
	{clause: "fiber", what: "a panic off the loop is swallowed", run: "^TestLoop$/^C6_", edits: []edit{
		{"internal/fiber.(*Captured).Repeat", "panic(c.panicked)", "_ = c.panicked"},
	}},
	{clause: "fiber", what: "a Goexit off the loop is swallowed", run: "^TestLoop$/^C(4|6)_", edits: []edit{
		{"internal/fiber.(*Captured).Repeat", "runtime.Goexit()", "_ = runtime.NumCPU"},
	}},
	{
		clause: "gil", what: "a hand-off of the real lock turned round", pkg: "./gil", run: "^TestAHandedOff",
		edits: []edit{
			{"gil.(*lock).wakeFirstLocked", "if handOff {", "if !handOff {"},
		},
	},
	{
		clause: "gil", what: "a waiter's patience never ends", pkg: "./gil", run: "^TestRealComputing",
		edits: []edit{
			{"gil.(*lock).tick", "l.asked = true", ""},
		},
	},
	{
		clause: "gil", what: "a woken waiter of a Lock takes the global lock first", pkg: "./gil", run: "^TestA(WokenThread|WaiterThat)",
		edits: []edit{
			{"gil.(*sim).step", "if t.waitsOn == nil || !t.waitsOn() {", "if t.waitsOn == nil || !t.waitsOn() || true {"},
		},
	},
	{
		clause: "gil", what: "to wake another thread costs nothing", pkg: "./gil", run: "^TestAWakeUpCosts",
		edits: []edit{
			{"gil.(*virtual).rouse", "v.waker.owed += cost", "v.waker.owed += 0 * cost"},
		},
	},
	{
		clause: "gil", what: "a waiter that gave up keeps a wake-up", pkg: "./gil", run: "^TestAWaiterThatGivesUp",
		edits: []edit{
			{"gil.(*line).leave", "return l.first()", "return nil"},
		},
	},
	{
		clause: "gil", what: "a forced release returns before another thread has had the lock", pkg: "./gil",
		run: "^TestAForcedRelease", edits: []edit{
			{"gil.(*lock).release", "if stays { <-taken }", "if stays && len(taken) > 0 { <-taken }"},
		},
	},
	{
		clause: "gil", what: "the lock is not taken back after a panic in Block", run: "^TestGIL$/^C(4|6)_",
		time: "30s",
		edits: []edit{
			{"gil.(*real).without", "l.take(n)", "if v := recover(); v != nil { panic(v) }\nl.take(n)"},
		},
	},
	{
		clause: "loop", what: "a wake-up before the loop parks is lost", pkg: "./eventloop",
		run: "^TestAPost", edits: []edit{
			{"eventloop.(*Loop).fallAsleepLocked", "if l.poller.due() || !l.leaving && l.inbox.full.Load() {", "if false {"},
		},
	},
	{
		clause: "loop", what: "OnDrain comes below the low mark, not at it", pkg: "./eventloop",
		run: "^TestAFullConnection", edits: []edit{
			{"eventloop", "c.buffered <= c.cfg.LowWater", "c.buffered < c.cfg.LowWater"},
		},
	},
	{
		clause: "loop", what: "a read buffer is not given back", pkg: "./eventloop",
		run: "^TestReadBuffers", edits: []edit{
			{"eventloop.(*bufferPool).put", "p.pool.Put(b)", "_ = b"},
		},
	},
}
