package article

// Statement is what articles say, in our words, and the claims that it stands or falls with. A
// claim with a ! before it speaks for the statement where it does not hold.
type Statement struct {
	Text   string
	Claims []string
	Note   string
}

// Topic is a chapter of statements.
type Topic struct {
	Name       string
	Statements []Statement
}

// Claims that several statements rest on.
const (
	oneThread  = "One thread holds 1000 waits near the ideal"
	throughput = "Serving others during a wait raises the throughput"
	oneByOne   = "Waits that follow one another add up"
	perThread  = "A thread per connection equals the loop at 100 waits"
	severals   = "Node serves fast thanks to several threads"
	itself     = "Serving others during a wait makes the operation itself faster"
	nonblock   = "Node waits better than Python because it does not block"
	responsive = "A loop that computes for 100 ms keeps pings below 10 ms"
	workers    = "Worker threads keep CPU work from blocking the loop"
	oneCore    = "The lock stops CPU threads from using more than one core"
	native     = "Threads use the cores where native code releases the lock"
	cluster    = "Node's cluster uses the cores"
	short      = "Python falls short in scaling over cores"
	outdo      = "Python's processes outdo Node's one thread at the same work"
	lines      = "A service over several processes takes less code in Node"
)

// Topics are all statements.
var Topics = []Topic{
	{"Many waits", []Statement{
		{
			"Node is an assembly line on which many tasks run at the same time",
			[]string{oneThread, severals},
			"They are in flight together; one at most computes.",
		},
		{"Input and output without blocking suit services with many connections", []string{oneThread, throughput}, ""},
		{"Node runs many operations without waiting for any of them", []string{oneThread}, ""},
		{
			"Node's loop hands requests to background worker threads",
			[]string{"The loop hands connections to background threads"},
			"Four threads look up names and read files; they run no handler.",
		},
		{"Node is fast thanks to multithreading", []string{severals}, ""},
		{
			"A loop with one thread, and many threads beside it, run things in parallel",
			[]string{severals, cluster},
			"Threads and processes are different things here: processes do.",
		},
		{
			"Node is fast because it does not block",
			[]string{itself},
			"Not blocking lets waits overlap. It speeds nothing up.",
		},
		{
			"Serving others meanwhile raises throughput and cuts latency",
			[]string{throughput, "Serving others during a wait cuts the time in the queue", itself},
			"The time in the queue falls, not that of the operation.",
		},
		{
			"Python blocks at input and output, and waits before it goes on",
			[]string{oneByOne, "!" + perThread},
			"The calling thread waits, without the lock; others go on.",
		},
		{
			"Python that is not asynchronous struggles with many waits",
			[]string{
				oneByOne, "!" + perThread,
				"At 1000 waits the tail of a thread per connection is longer than the loop's",
			},
			"",
		},
		{"asyncio brings Python close to Node at input and output", []string{"!" + nonblock}, ""},
		{"Node is better at input and output because it does not block", []string{nonblock}, ""},
		{
			"Python lacks native multithreading",
			[]string{"Python lacks threads of the system"},
			"It has the system's threads; what it lacks is bytecode in parallel.",
		},
		{
			"For lack of multithreading Python suffers at frequent callbacks",
			[]string{
				"Python lags behind at frequent callbacks because it lacks threads",
				"!One thread is enough for frequent callbacks",
			},
			"Callbacks have one thread in both.",
		},
		{
			"Node holds many idle connections more cheaply",
			[]string{"An idle connection takes less memory in Node than in asyncio"},
			"",
		},
	}},
	{"Computing beside requests", []Statement{
		{
			"An event loop keeps a service responsive",
			[]string{oneThread, responsive},
			"It does while callbacks are short.",
		},
		{"Node suits data in real time", []string{oneThread, responsive}, ""},
		{"Worker threads run JavaScript without blocking the loop", []string{workers}, ""},
		{
			"CPU work can be left to workers, to balance the load",
			[]string{workers},
			"It has to be written, and messages cost.",
		},
		{
			"Threads relieve Python's loop in the same way",
			[]string{"Threads behind a global lock keep the loop as free as worker threads do"},
			"A thread that computes keeps the lock from the loop's thread.",
		},
		{
			"Work in small pieces lets requests through",
			[]string{
				"Work cut into microtasks lets requests in between",
				"Work cut into immediates lets requests in between",
			},
			"",
		},
		{
			"A loop in front, processes behind: both may be combined",
			[]string{"Processes behind a loop keep CPU work from blocking it"},
			"",
		},
	}},
	{"The lock", []Statement{
		{"One thread at a time runs bytecode", []string{oneCore}, ""},
		{
			"The lock keeps Python from using several cores",
			[]string{oneCore, "!" + native},
			"True of bytecode; native code may release the lock.",
		},
		{
			"The lock limits concurrency",
			[]string{oneCore, "!" + perThread},
			"It limits parallel computing, not waiting.",
		},
		{
			"Python is slow because of the lock",
			[]string{
				"!The lock costs a single thread nothing",
				"!Python is slow with one thread too, which has the lock to itself",
			},
			"",
		},
		{
			"The lock hurts web services with threads",
			[]string{"Beside a thread that computes, another may wait a switch interval (5 ms) for the lock", "!" + perThread},
			"It does where some of them compute.",
		},
		{
			"The lock makes programs simpler",
			[]string{"Under the lock no n += 1 is lost, since CPython 3.10", "The lock makes n = f(n) + 1 safe"},
			"It protects the interpreter. A thread may lose the lock at a backward jump and at a call, so between the read and the write of the second.",
		},
		{"A lock for each interpreter changes that", []string{"A lock per interpreter lets threads use the cores"}, ""},
	}},
	{"The interpreter", []Statement{
		{
			"Node is fast because it compiles to machine code",
			[]string{"Compiling to machine code makes a runtime fast"},
			"A constant factor, which has nothing to do with concurrency. V8 interprets first, and compiles what is used much.",
		},
		{
			"Python is interpreted, and slower",
			[]string{"Python is slow with one thread too, which has the lock to itself"},
			"CPython is; PyPy has a lock too, and compiles.",
		},
		{
			"Newer versions are faster",
			[]string{"A newer Python is faster"},
			"One function, by two programs as they were built here.",
		},
	}},
	{"Processes", []Statement{
		{
			"Multiprocessing bypasses the lock, and uses all cores",
			[]string{"Processes bypass the lock", "!" + short},
			"",
		},
		{
			"Each process has an interpreter and memory of its own",
			[]string{"A crash costs one task in a pool of processes", "!A process takes as little memory as a worker in the same process"},
			"This is why a crash costs little, and a start much.",
		},
		{"Python gains much from processes where it computes", []string{"!" + short}, "Against itself."},
		{
			"Python's processes outdo Node's single thread where CPU time counts",
			[]string{outdo},
			"And Node has processes too.",
		},
		{"Node computes less well, for it has a single loop", []string{outdo}, ""},
		{
			"Node for input and output, Python for computing",
			[]string{outdo, native},
			"True where a native library computes.",
		},
		{"The cluster module uses several cores", []string{cluster}, "A process manager such as PM2 does the same."},
		{
			"Node scales up and out with ease",
			[]string{cluster, severals},
			"Not by itself: several processes have to be started.",
		},
		{
			"Python falls short in scaling, for its threads do not run in parallel",
			[]string{short},
			"Its processes share a listener as Node's do.",
		},
		{"Services in Python scale in the same way", []string{"!" + short, "Replicas scale CPU requests"}, ""},
		{
			"Supervised processes survive a crash",
			[]string{
				"A crash costs one task in a pool of processes",
				"A task that takes all memory costs one task in a pool of processes",
			},
			"",
		},
		{
			"A pool of processes keeps a crash from other tasks",
			[]string{
				"A crash costs one task in a pool of processes",
				"A crash costs one task in Python's ProcessPoolExecutor",
			},
			"A pool that replaces the process does. Python's gives up all its tasks.",
		},
		{
			"Scaling takes more effort in Python",
			[]string{lines},
			"Node's cluster hands connections out; in Python the program does. Its lines also serve with threads.",
		},
		{
			"Processes and asynchronous code complicate Python, and Node is straightforward",
			[]string{lines},
			"Here the model is [one argument](../examples/thumbnails/main.go).",
		},
	}},
	{"Many receivers", []Statement{
		{
			"Chat with thousands of users without delay",
			[]string{"!A slow reader holds up the others on a loop", responsive},
			"True while callbacks are short, in any language: [chatroom](../examples/chatroom/room.go).",
		},
		{
			"Services in real time are better off with Node",
			[]string{"Node reaches a hundred receivers sooner than asyncio", nonblock},
			"Its interpreter is faster. asyncio does not block either.",
		},
		{
			"Node is for streams of data",
			[]string{"Unbounded intake grows memory, backpressure does not"},
			"If the stream's backpressure is respected.",
		},
	}},
	{"Small services", []Statement{
		{
			"Node is light, and so suits microservices",
			[]string{
				"A service in Node takes less memory than one in Python",
				"A service in Node is up sooner than one in Python",
			},
			"",
		},
	}},
}
