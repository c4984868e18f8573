package verdict

// Claims are about Node and Python; times are in seconds.
var Claims = []Claim{
	{Text: "One thread holds 1000 waits near the ideal", Ratio: [2]string{"wait 1000/loop/wall"}, Per: 0.010, AtMost: 3, Expect: Holds},
	{Text: "Blocking one after the other stays at 1/latency", Ratio: [2]string{"wait 100/inline/wall"}, Per: 1, AtLeast: 0.95, Expect: Holds},
	{Text: "Not blocking makes a single operation faster", Ratio: [2]string{"wait 1/inline/wall", "wait 1/loop/wall"}, AtLeast: 1.25, Expect: DoesNotHold},
	{Text: "A thread per connection equals the loop at 100 waits", Ratio: [2]string{"wait 100/gil threads/p99", "wait 100/loop/p99"}, AtMost: 1.5, Expect: Holds},
	{Text: "At 1000 waits the tail of a thread per connection is longer than the loop's", Ratio: [2]string{"wait 1000/gil threads/p99", "wait 1000/loop/p99"}, AtLeast: 1.25},
	{Text: "Worker threads keep CPU work from blocking the loop", Ratio: [2]string{"mixed/loop/p99", "mixed/loop+pool/p99"}, AtLeast: 3, Parallel: true, Expect: Holds},
	{Text: "Threads behind a global lock keep it from blocking the loop as well as worker threads do", Ratio: [2]string{"mixed/loop+gil thread/p99", "mixed/loop+pool/p99"}, AtMost: 2, Parallel: true},
	{Text: "CPU threads beside I/O add a switch interval (5 ms) to the usual wake-up", Ratio: [2]string{"mixed/gil threads/p50"}, Per: 0.005, AtLeast: 0.75, Expect: Holds},
	{Text: "The lock stops CPU threads from using more than one core", Ratio: [2]string{"crunch/inline/wall", "crunch/gil threads/wall"}, AtMost: 1.25, Parallel: true, Expect: Holds},
	{Text: "A lock per interpreter lets threads use the cores", Ratio: [2]string{"crunch/gil threads/wall", "crunch/gil per interpreter/wall"}, AtLeast: 1.4, Parallel: true, Expect: Holds},
	{Text: "Processes bypass the lock", Ratio: [2]string{"crunch/gil threads/wall", "crunch/processes(k)/wall"}, AtLeast: 1.4, Parallel: true, Expect: Holds},
	{
		Text: "Processes of a slow interpreter outdo one thread of a fast one", Ratio: [2]string{"crunch/inline/wall", "crunch/processes(k)/wall"}, Parallel: true,
		BreakEven: "on these cores they do while the interpreter is less than %.3g times slower", Expect: Depends,
	},

	{Text: "The loop hands requests to background threads"},
	{Text: "Chunking by microtask never yields, by immediate it does"},
	{Text: "Native code that releases the lock uses the cores"},
	{Text: "The lock costs a single thread nothing"},
	{Text: "What processes cost in start, memory and messages"},
	{Text: "A crash costs the program, the pool, or one task"},
	{Text: "Unbounded intake grows memory, backpressure does not"},
	{Text: "Replicas scale CPU requests"},
}
