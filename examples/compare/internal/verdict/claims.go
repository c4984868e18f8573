package verdict

// Claims are about Node and Python; times are in seconds.
var Claims = []Claim{
	// Many waits.
	{Text: "One thread holds 1000 waits near the ideal", Ratio: [2]string{"wait 1000/loop/wall"}, Per: 0.010, AtMost: 3, Expect: Holds},
	{Text: "Blocking one after the other stays at 1/latency", Ratio: [2]string{"wait 100/inline/wall"}, Per: 1, AtLeast: 0.95, Expect: Holds},
	{Text: "Not blocking makes a single operation faster", Ratio: [2]string{"wait 1/inline/wall", "wait 1/loop/wall"}, AtLeast: 1.25, Expect: DoesNotHold},
	{Text: "A thread per connection equals the loop at 100 waits", Ratio: [2]string{"wait 100/gil threads/p99", "wait 100/loop/p99"}, AtMost: 1.5, Expect: Holds},
	{Text: "At 1000 waits the tail of a thread per connection is longer than the loop's", Ratio: [2]string{"wait 1000/gil threads/p99", "wait 1000/loop/p99"}, AtLeast: 1.25},
	{Text: "The loop hands requests to background threads", Ratio: [2]string{"wait/sockets/threads per connection"}, Per: 1, AtLeast: 0.5, Expect: DoesNotHold},

	// Computing beside requests.
	{Text: "Worker threads keep CPU work from blocking the loop", Ratio: [2]string{"mixed/loop/p99", "mixed/loop+pool/p99"}, AtLeast: 3, Parallel: true, Expect: Holds},
	{Text: "Threads behind a global lock do so as well as worker threads", Ratio: [2]string{"mixed/loop+gil thread/p50", "mixed/loop+pool/p50"}, AtMost: 2, Parallel: true, Expect: DoesNotHold},
	{Text: "Work cut into microtasks lets requests in between", Ratio: [2]string{"mixed/microtasks/share before a ping"}, Per: 1, AtMost: 0.5, Expect: DoesNotHold},
	{Text: "Work cut into immediates lets requests in between", Ratio: [2]string{"mixed/immediates/share before a ping"}, Per: 1, AtMost: 0.5, Expect: Holds},
	{Text: "CPU threads beside I/O add a switch interval (5 ms) to the usual wake-up", Ratio: [2]string{"mixed/gil threads/p50"}, Per: 0.005, AtLeast: 0.75, Expect: Holds},

	// The lock, and processes.
	{Text: "The lock stops CPU threads from using more than one core", Ratio: [2]string{"crunch/inline/wall", "crunch/gil threads/wall"}, AtMost: 1.25, Parallel: true, Expect: Holds},
	{Text: "Threads use the cores where native code releases the lock", Ratio: [2]string{"crunch native/inline/wall", "crunch native/gil threads/wall"}, AtLeast: 1.4, Parallel: true, Expect: Holds},
	{Text: "The lock costs a single thread nothing", Ratio: [2]string{"crunch alone/gil threads/wall", "crunch alone/inline/wall"}, AtMost: 1.15, Expect: Holds},
	{Text: "A lock per interpreter lets threads use the cores", Ratio: [2]string{"crunch/gil threads/wall", "crunch/gil per interpreter/wall"}, AtLeast: 1.4, Parallel: true, Expect: Holds},
	{Text: "Processes bypass the lock", Ratio: [2]string{"crunch/gil threads/wall", "crunch/processes(k)/wall"}, AtLeast: 1.4, Parallel: true, Expect: Holds},
	{Text: "Replicas scale CPU requests", Ratio: [2]string{"crunch 1/processes(k)/wall", "crunch/processes(k)/wall"}, AtLeast: 1.4, Parallel: true, Expect: Holds},
	{
		Text: "Processes of a slow interpreter outdo one thread of a fast one", Ratio: [2]string{"crunch/inline/wall", "crunch/processes(k)/wall"}, Parallel: true,
		BreakEven: "on these cores they do while the interpreter is less than %.3g times slower", Expect: Depends,
	},

	// Many receivers.
	{Text: "A slow reader holds up the others on a loop", Ratio: [2]string{"chat/loop/p99"}, Per: 0.010, AtLeast: 0.5, Expect: DoesNotHold},
	{Text: "A slow reader holds up the others where one is served after the other", Ratio: [2]string{"chat/inline/p99"}, Per: 0.010, AtLeast: 0.5, Expect: Holds},
	{Text: "Unbounded intake grows memory, backpressure does not", Ratio: [2]string{"chat/unbounded/bytes", "chat/bounded/bytes"}, AtLeast: 5, Expect: Holds},

	// Bad ends.
	{Text: "A crash costs the program, and all that is in it, in a pool of threads", Ratio: [2]string{"crash/pool(k)/share lost by exit"}, Per: 1, AtLeast: 0.99, Expect: Holds},
	{Text: "A crash costs one task in a pool of processes", Ratio: [2]string{"crash/processes(k)/share lost by exit"}, Per: 1, AtMost: 0.01, Expect: Holds},
	{Text: "A task that takes all memory costs one task in a pool of processes", Ratio: [2]string{"crash/processes(k)/share lost by memory"}, Per: 1, AtMost: 0.01, Expect: Holds},
	{Text: "A callback that never returns costs a loop all that comes after it", Ratio: [2]string{"crash/loop/share lost by hang"}, Per: 1, AtLeast: 0.8, Expect: Holds},

	// What processes cost.
	{Text: "A process starts as fast as a thread", Ratio: [2]string{"cost/processes(k)/start", "cost/pool(k)/start"}, AtMost: 10, Expect: DoesNotHold},
	{Text: "A process takes as little memory as a thread", Ratio: [2]string{"cost/processes(k)/memory", "cost/pool(k)/memory"}, AtMost: 10, Expect: DoesNotHold},
	{Text: "A call to a process costs as little as one to a thread", Ratio: [2]string{"cost/processes(k)/round trip", "cost/pool(k)/round trip"}, AtMost: 2, Expect: DoesNotHold},
	{
		Text: "Processes make tasks faster", Ratio: [2]string{"cost/processes(k)/break-even"}, Per: 1e-3, Parallel: true,
		BreakEven: "a batch gains here when a task takes %.2g ms or more", Expect: Depends,
	},

	// No workload has a figure for these.
	{Text: "A newer version of a runtime is faster"},
	{Text: "Compiling to machine code makes a runtime fast"},
	{Text: "The lock makes C libraries and memory management simpler"},
	{Text: "One runtime suits chats, games and other real-time services better than the other"},
	{Text: "An idle connection costs one runtime less than the other"},
	{Text: "Asynchronous code, or processes, are harder to write"},
	{Text: "One runtime takes less effort to scale than the other"},
}
