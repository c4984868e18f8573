package procpool

// Python returns a Config whose workers run a script in Python 3.7 or newer. The functions that it
// registers with @quartet_worker.function(name) can be called by that name, which this program has
// to Declare:
//
//	import quartet_worker                                 var area = quartet.Declare[Box, float64]("area")
//
//	@quartet_worker.function("area")                      pool, err := procpool.New(procpool.Python("shapes.py"))
//	def area(box):                                        …
//	    return box["Width"] * box["Height"]               size, err := area.Do(ctx, pool, Box{3, 4})
//
// Nothing needs to be installed but the interpreter, which is found as python3; set Command[0] for
// another one, such as that of a virtual environment. A relative path of the script is resolved
// now, against this process's directory. New reads the script, and all workers run that text, as
// __main__, with args as sys.argv[1:].
//
// Inputs and outputs are JSON, a slice of bytes is a bytes. What JSON cannot carry unchanged is an
// error that names the function and the field; README.md has a table. A function whose Go type is a
// stream is a generator or an async generator: its items are sent one by one, and it is closed when
// the loop over them ends. An exception is a [*ForeignError]; sys.exit ends the worker. An async
// function runs on the worker's event loop, and with Config.Concurrency above 1 beside others.
// Printed lines arrive at once. A running function hears of its cancellation by
// quartet_worker.cancelled(), and reads its label, deadline and propagated values in
// quartet_worker.context().
//
// The workers need no [Init]. They keep a ledger, so calls are sent ahead, and a crash costs one.
// Calls that wait behind one that turns out longer than 2 ms come back, unless that call is in
// native code which never releases the lock: then it waits for its end, or for Config.RunTimeout.
func Python(script string, args ...string) Config {
	return Config{
		Command: append([]string{"python3", "-c", pythonBoot, script}, args...),
		script:  newScript(script, pythonRuntime),
	}
}

// Node returns a Config whose workers run a script in Node 18 or newer. The functions that it
// exports can be called by their names, which this program has to Declare:
//
//	// shapes.js
//	module.exports = { area: (box, { signal }) => box.Width * box.Height }
//
// Nothing needs to be installed but the interpreter, which is found as node; set Command[0] for
// another one. The script is a CommonJS or an ES module. Its path, its text and args are as for
// [Python]; args are process.argv.slice(2).
//
// Inputs and outputs are JSON, a slice of bytes is a Buffer; README.md has a table. A function
// whose Go type is a stream returns a generator, an async generator or another async iterable: its
// items are sent one by one, and its return is called when the loop over them ends. An exception is
// a [*ForeignError]. Functions may be async; Config.Concurrency of them run at a time. The second
// argument has signal, which is aborted when the call is cancelled, and label, deadline and values.
//
// The workers keep no ledger, for want of shared memory: unless Config.Pipelined is set each gets
// one call at a time. With it, calls that are sent ahead wait for the end of a call that computes,
// or for Config.RunTimeout.
func Node(script string, args ...string) Config {
	return Config{
		Command: append([]string{"node", "-e", nodeBoot, "--", script}, args...),
		script:  newScript(script, nodeRuntime),
	}
}
