package verdict

import "slices"

// Claims are about Node and Python; times are in seconds. In what a claim says, {a} and {b} are its
// figures, {A} and {B} the rows that they are of, {q} is the ratio that is judged.
var Claims = slices.Concat(waits, callbacks, computing, lock, processes, receivers, ends, costs, languages, unmeasured)

// Many waits.
var waits = []Claim{
	{
		Text: "One thread holds 1000 waits near the ideal", Ratio: [2]string{"wait 1000/loop/wall"}, Per: 0.010,
		AtMost: 3, Expect: Holds,
		Say: "1000 waits of 10 ms took {a} on {A}, {q} times one wait",
	},
	{
		Text: "Waits that follow one another add up", Ratio: [2]string{"wait 100/inline/wall"},
		Per: 1, AtLeast: 0.95, Expect: Holds,
		Say: "100 waits of 10 ms took {a} on {A}",
	},
	{
		Text:  "Serving others during a wait raises the throughput",
		Ratio: [2]string{"wait 100/inline/wall", "wait 100/loop/wall"}, AtLeast: 10, Expect: Holds,
		Say: "100 waits took {a} on {A} and {b} on {B}, {q} times the throughput",
	},
	{
		Text:  "Serving others during a wait cuts the time in the queue",
		Ratio: [2]string{"wait 100/inline/p99", "wait 100/loop/p99"}, AtLeast: 5, Expect: Holds,
		Say: "the p99 of 100 waits was {a} on {A} and {b} on {B}",
	},
	{
		Text:  "Serving others during a wait makes the operation itself faster",
		Ratio: [2]string{"wait 1/inline/p50", "wait 1/loop/p50"}, AtLeast: 1.25, Expect: DoesNotHold,
		Say: "a single wait took {a} on {A} and {b} on {B}",
	},
	{
		Text:  "A thread per connection equals the loop at 100 waits",
		Ratio: [2]string{"wait 100/gil threads/p50", "wait 100/loop/p50"}, AtMost: 1.5, Expect: Holds,
		Say: "the median of 100 waits was {a} on {A} and {b} on {B}",
	},
	{
		Text:  "At 1000 waits the tail of a thread per connection is longer than the loop's",
		Ratio: [2]string{"wait 1000/python threads/p99", "wait 1000/python asyncio/p99"}, AtLeast: 1.25,
		Expect: Holds,
		Say:    "the p99 of 1000 waits was {a} on {A} and {b} on {B}",
	},
	{
		Text:  "Node waits better than Python because it does not block",
		Ratio: [2]string{"wait 100/python asyncio/p50", "wait 100/node/p50"}, AtLeast: 1.5, Expect: DoesNotHold,
		Say: "the median of 100 waits was {a} on {A}, which does not block either, and {b} on {B}",
	},
	{
		Text: "The loop hands connections to background threads", Ratio: [2]string{"wait/loop/threads per connection"},
		Per: 1, AtLeast: 0.5, Counts: true, Expect: DoesNotHold,
		Say: "{A} had {a} threads more for each connection",
	},
	{
		Text: "Node serves fast thanks to several threads", Ratio: [2]string{"crunch/loop/wall"}, Per: 0.4, AtMost: 0.7,
		Parallel: true, Expect: DoesNotHold,
		Say: "8 tasks of 50 ms took {a} on {A}, {q} times what one core takes",
	},
	{
		Text: "Python lacks threads of the system", Ratio: [2]string{"language/python/kernel threads per thread"},
		Per: 1, AtMost: 0.5, Counts: true, Expect: DoesNotHold,
		Say: "each of 50 threads of {A} was {a} of the system's",
	},
}

// Many callbacks.
var callbacks = []Claim{
	{
		Text: "One thread is enough for frequent callbacks", Ratio: [2]string{"language/python/callbacks"}, Per: 1,
		AtMost: 1, Expect: Holds,
		Say: "20,000 callbacks, each queued by the one before, took {a} in {A}, on one thread",
	},
	{
		Text:  "Python lags behind at frequent callbacks because it lacks threads",
		Ratio: [2]string{"language/python/callbacks", "language/node/callbacks"},
		Than:  [2]string{"language/python/fib", "language/node/fib"}, AtLeast: 3, Expect: DoesNotHold,
		Say: "20,000 callbacks took {a} in {A} and {b} in {B}, on one thread each: {q} times what the interpreters' speed explains",
	},
}

// Computing beside requests.
var computing = []Claim{
	{
		Text: "A loop that computes for 100 ms keeps pings below 10 ms", Ratio: [2]string{"mixed/loop/p99"}, Per: 0.010,
		AtMost: 1, Expect: DoesNotHold,
		Say: "the p99 of pings was {a} on {A}",
	},
	{
		Text:  "Worker threads keep CPU work from blocking the loop",
		Ratio: [2]string{"mixed/loop/p99", "mixed/loop+pool/p99"}, AtLeast: 3, Parallel: true, Expect: Holds,
		Say: "the p99 of pings was {a} on {A} and {b} on {B}",
	},
	{
		Text:  "Processes behind a loop keep CPU work from blocking it",
		Ratio: [2]string{"mixed/loop/p99", "mixed/loop+processes/p99"}, AtLeast: 3, Parallel: true, Expect: Holds,
		Say: "the p99 of pings was {a} on {A} and {b} on {B}",
	},
	{
		Text:  "Threads behind a global lock keep the loop as free as worker threads do",
		Ratio: [2]string{"mixed/loop+gil thread/p50", "mixed/loop+pool/p50"}, AtMost: 2, Parallel: true,
		Expect: DoesNotHold,
		Say:    "the median of pings was {a} on {A} and {b} on {B}",
	},
	{
		Text:  "Work cut into microtasks lets requests in between",
		Ratio: [2]string{"mixed/microtasks/share before a ping"}, Per: 1, AtMost: 0.5, Counts: true,
		Expect: DoesNotHold,
		Say:    "the ping came after {a} of the work",
	},
	{
		Text:  "Work cut into immediates lets requests in between",
		Ratio: [2]string{"mixed/immediates/share before a ping"}, Per: 1, AtMost: 0.5, Counts: true, Expect: Holds,
		Say: "the ping came after {a} of the work",
	},
	// Not by the median: the pings come every 5 ms, which is an interval too, so most of them wait
	// for the rest of an interval that the ping before them began. That is anything from none to
	// all of it. The slowest wait for a whole one.
	{
		Text:  "Beside a thread that computes, another may wait a switch interval (5 ms) for the lock",
		Ratio: [2]string{"mixed/gil threads/p99"}, Per: 0.005, AtLeast: 1, Expect: Holds,
		Say: "the p99 of pings was {a} on {A}, {q} intervals",
	},
}

// The lock.
var lock = []Claim{
	{
		Text:  "The lock stops CPU threads from using more than one core",
		Ratio: [2]string{"crunch/loop/wall", "crunch/gil threads/wall"}, AtMost: 1.25, Parallel: true,
		Expect: Holds,
		Say:    "8 tasks of 50 ms took {a} on {A} and {b} on {B}",
	},
	{
		Text:  "Threads use the cores where native code releases the lock",
		Ratio: [2]string{"crunch native/inline/wall", "crunch native/gil threads/wall"}, AtLeast: 1.4,
		Parallel: true, Expect: Holds,
		Say: "four tasks that release it for 90 % of their time took {a} on {A} and {b} on {B}",
	},
	{
		Text:  "The lock costs a single thread nothing",
		Ratio: [2]string{"crunch alone/gil threads/wall", "crunch alone/inline/wall"}, AtMost: 1.15, Expect: Holds,
		Say: "one task took {a} on {A} and {b} on {B}",
	},
	{
		Text:  "A lock per interpreter lets threads use the cores",
		Ratio: [2]string{"crunch/gil threads/wall", "crunch/gil per interpreter/wall"}, AtLeast: 1.4,
		Parallel: true, Expect: Holds,
		Say: "8 tasks took {a} on {A} and {b} on {B}",
	},
	{
		Text: "The lock makes n = f(n) + 1 safe", Ratio: [2]string{"crunch/gil threads/share of n = f(n) + 1 lost"},
		Per: 1, AtMost: 0.001, Counts: true, Expect: DoesNotHold,
		Say: "{a} of the counts were lost on {A}",
	},
	{
		Text:  "Under the lock no n += 1 is lost, since CPython 3.10",
		Ratio: [2]string{"language/python/share of n += 1 lost"}, Per: 1, AtMost: 0.001, Counts: true, Expect: Holds,
		Say: "{a} of the counts were lost in {A}, whose documentation does not promise it",
	},
}

// Processes.
var processes = []Claim{
	{
		Text: "Processes bypass the lock", Ratio: [2]string{"crunch/gil threads/wall", "crunch/processes(k)/wall"},
		AtLeast: 1.4, Parallel: true, Expect: Holds,
		Say: "8 tasks took {a} on {A} and {b} on {B}",
	},
	{
		Text: "Replicas scale CPU requests", Ratio: [2]string{"crunch 1/processes(k)/wall", "crunch/processes(k)/wall"},
		AtLeast: 1.4, Parallel: true, Expect: Holds,
		Say: "8 tasks took {a} in one process and {b} in one for each core",
	},
	{
		Text: "Node's cluster uses the cores", Ratio: [2]string{"crunch/loop/wall", "crunch/loops(k)/wall"},
		AtLeast: 1.4, Parallel: true, Expect: Holds,
		Say: "8 tasks took {a} on {A} and {b} on {B}",
	},
	{
		Text:  "Python falls short in scaling over cores",
		Ratio: [2]string{"crunch/python asyncio/wall", "crunch/python processes/wall"}, AtMost: 1.25,
		Parallel: true, Expect: DoesNotHold,
		Say: "8 tasks took {a} on {A} and {b} on {B}, which share a listener: {q} times as fast",
	},
	{
		Text:  "Python's processes outdo Node's one thread at the same work",
		Ratio: [2]string{"crunch/python asyncio/wall", "crunch/python processes/wall"},
		Than:  [2]string{"language/python/turns", "language/node/turns"}, AtLeast: 1, Parallel: true,
		Expect: DoesNotHold,
		Say:    "{B} are {r} times as fast as {A}, and the same work takes {s} times as long in {C} as in {D}",
	},
	{
		Text:  "Processes of a slow interpreter outdo one thread of a fast one",
		Ratio: [2]string{"crunch/inline/wall", "crunch/processes(k)/wall"}, Parallel: true,
		BreakEven: "on these cores they do while the interpreter is less than %.3g times slower", Expect: Depends,
		Say: "8 tasks took {a} on {A} and {b} on {B}",
	},
}

// Many receivers.
var receivers = []Claim{
	{
		Text: "A slow reader holds up the others on a loop", Ratio: [2]string{"chat/loop/p50"}, Per: 0.010,
		AtLeast: 0.5, Expect: DoesNotHold,
		Say: "the others had a message after {a} on {A}, and the slow one takes 10 ms",
	},
	{
		Text:  "A slow reader holds up the others where one is served after the other",
		Ratio: [2]string{"chat/inline/p50"}, Per: 0.010, AtLeast: 0.5, Expect: Holds,
		Say: "the others had a message after {a} on {A}, and the slow one takes 10 ms",
	},
	{
		Text:  "Node reaches a hundred receivers sooner than asyncio",
		Ratio: [2]string{"chat/python asyncio/p50", "chat/node/p50"}, AtLeast: 1.15,
		Say: "the median was {a} on {A} and {b} on {B}",
	},
	{
		Text:  "Unbounded intake grows memory, backpressure does not",
		Ratio: [2]string{"chat/unbounded/bytes", "chat/bounded/bytes"}, AtLeast: 5, Counts: true, Expect: Holds,
		Say: "{a} waited in an unbounded queue and {b} in a bounded one",
	},
}

// Bad ends.
var ends = []Claim{
	{
		Text:  "A crash costs the program, and all that is in it, in a pool of threads",
		Ratio: [2]string{"crash/pool(k)/share lost by exit"}, Per: 1, AtLeast: 0.99, Counts: true, Expect: Holds,
		Say: "{a} of the others were lost on {A}",
	},
	{
		Text:  "A crash costs one task in a pool of processes",
		Ratio: [2]string{"crash/processes(k)/share lost by exit"}, Per: 1, AtMost: 0.01, Counts: true,
		Expect: Holds,
		Say:    "{a} of the others were lost on {A}",
	},
	{
		Text:  "A crash costs one task in Python's ProcessPoolExecutor",
		Ratio: [2]string{"language/python/share lost by exit"}, Per: 1, AtMost: 0.01, Counts: true,
		Expect: DoesNotHold,
		Say:    "{a} of the others were lost in {A}",
	},
	{
		Text:  "A task that takes all memory costs one task in a pool of processes",
		Ratio: [2]string{"crash/processes(k)/share lost by memory"}, Per: 1, AtMost: 0.01, Counts: true,
		Expect: Holds,
		Say:    "{a} of the others were lost on {A}",
	},
	{
		Text:  "A callback that never returns costs a loop all that comes after it",
		Ratio: [2]string{"crash/loop/share lost by hang"}, Per: 1, AtLeast: 0.8, Counts: true, Expect: Holds,
		Say: "{a} of the others were lost on {A}",
	},
}
