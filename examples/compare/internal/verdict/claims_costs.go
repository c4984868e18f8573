package verdict

// What processes and runtimes cost.
var costs = []Claim{
	{
		Text: "A process starts as fast as a worker in the same process", Ratio: [2]string{"cost/processes(k)/start", "cost/pool(k)/start"},
		AtMost: 10, Expect: DoesNotHold,
		Say: "a worker of {A} answered after {a}, one of {B}, which is a goroutine, after {b}",
	},
	{
		Text:  "A process takes as little memory as a worker in the same process",
		Ratio: [2]string{"cost/processes(k)/memory", "cost/pool(k)/memory"}, AtMost: 10, Expect: DoesNotHold,
		Say: "a worker of {A} takes {a}, one of {B}, which is a goroutine, takes {b}",
	},
	{
		Text:  "A call to a process costs as little as one within the process",
		Ratio: [2]string{"cost/processes(k)/round trip", "cost/pool(k)/round trip"}, AtMost: 2, Expect: DoesNotHold,
		Say: "a call took {a} to {A} and {b} to {B}",
	},
	{
		Text: "Processes make tasks faster", Ratio: [2]string{"cost/processes(k)/break-even"}, Per: 1e-3,
		Parallel:  true,
		BreakEven: "a batch gains here when a task takes %.2g ms or more", Expect: Depends,
		Say: "tasks of {a} gain on {A}",
	},
	{
		Text:  "A service in Node takes less memory than one in Python",
		Ratio: [2]string{"language/node/memory", "language/python/memory"}, AtMost: 0.8, Counts: true,
		Expect: DoesNotHold,
		Say:    "one that only listens takes {a} in {A} and {b} in {B}",
	},
	{
		Text:  "A service in Node is up sooner than one in Python",
		Ratio: [2]string{"language/node/start", "language/python/start"}, AtMost: 0.8,
		Say: "it listened after {a} in {A} and after {b} in {B}",
	},
	{
		Text:   "An idle connection takes less memory in Node than in asyncio",
		Ratio:  [2]string{"language/node/memory per connection", "language/python/memory per connection"},
		AtMost: 0.8, Counts: true,
		Say: "each of 300 takes {a} in {A} and {b} in {B}",
	},
	{
		Text:  "A service over several processes takes less code in Node",
		Ratio: [2]string{"language/node/lines", "language/python/lines"}, AtMost: 0.8, Counts: true,
		Say: "this comparison's own has {a} lines in {A} and {b} in {B}",
	},
}

// The same work in each language.
var languages = []Claim{
	{
		Text:  "Compiling to machine code makes a runtime fast",
		Ratio: [2]string{"language/python/turns", "language/node/turns"}, AtLeast: 3, Expect: Holds,
		Say: "the same loop took {a} in {A} and {b} in {B}",
	},
	{
		Text:  "Python is slow with one thread too, which has the lock to itself",
		Ratio: [2]string{"language/python/fib", "language/node/fib"}, AtLeast: 3, Expect: Holds,
		Say: "fib(27) took {a} in {A} and {b} in {B}, on one thread each",
	},
	{
		Text: "A newer Python is faster", Ratio: [2]string{"language/newest python/fib", "language/oldest python/fib"},
		AtMost: 0.9,
		Say:    "fib(27) took {a} in {A} and {b} in {B}",
	},
}

// No workload has a figure for these.
var unmeasured = []Claim{
	{Text: "One runtime has the better libraries for machine learning"},
	{Text: "One runtime is easier to scale over several machines"},
	{Text: "Asynchronous code is harder to read"},
}
