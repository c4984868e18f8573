package procpool

import (
	_ "embed"
	"os"
)

// The reference workers. A program that cannot use Python or Node may take them as files.
var (
	//go:embed python/quartet_worker.py
	pythonWorker string
	//go:embed node/quartet-worker.js
	nodeWorker string
)

// envSource carries a reference worker to the interpreter, so that nothing has to be installed beside the script.
const envSource = "QUARTET_PROCPOOL_SOURCE"

const (
	pythonBoot = "import os, sys, types; m = sys.modules['quartet_worker'] = types.ModuleType('quartet_worker'); " +
		"exec(compile(os.environ.pop('" + envSource + "'), 'quartet_worker.py', 'exec'), m.__dict__); m.main()"
	nodeBoot = "const source = process.env." + envSource + "; delete process.env." + envSource +
		"; process.argv.splice(1, 0, 'quartet-worker.js'); eval(source);"
)

// Python returns a Config whose workers run a script in Python 3: its functions that are registered with
// @quartet_worker.function(name) can be called by that name, which this program has to Declare:
//
//	import quartet_worker                                 var area = quartet.Declare[Box, float64]("area")
//
//	@quartet_worker.function("area")                      pool, err := procpool.New(procpool.Python("shapes.py"))
//	def area(box):                                        …
//	    return box["Width"] * box["Height"]               size, err := area.Do(ctx, pool, Box{3, 4})
//
// Nothing needs to be installed but the interpreter, which is found as python3; set Command[0] for another one. Inputs
// and outputs are JSON as encoding/json has it: a struct is a dict with its fields' names or tags as keys, of which an
// output may lack some and have no others, a slice of bytes is a bytes. The script's path is relative to this process's
// directory, or to Config.Dir. An exception is a [*ForeignError]; KeyboardInterrupt and SystemExit end the worker. The
// workers need no [Init]. They keep a ledger, so calls are sent ahead, and a crash costs one; what has been sent ahead to
// a call that turns out longer than 2 ms comes back, unless that call is in native code which never releases the lock:
// then it waits for its end, or for Config.RunTimeout. A running function hears of its cancellation by
// quartet_worker.cancelled().
func Python(script string, args ...string) Config {
	return foreign([]string{"python3", "-c", pythonBoot, script}, args, pythonWorker)
}

// Node returns a Config whose workers run a script in Node: the functions that it exports can be called by their names,
// which this program has to Declare.
//
//	// shapes.js
//	module.exports = { area: (box, { signal }) => box.Width * box.Height }
//
// Nothing needs to be installed but the interpreter, which is found as node; set Command[0] for another one. Inputs and
// outputs are JSON, a slice of bytes is a Buffer; an exception is a [*ForeignError]. Functions may be async;
// Config.Concurrency of them run at a time, and their signal is aborted when the call is cancelled. The workers keep no
// ledger, for want of shared memory: unless Config.Pipelined is set each gets one call at a time. With it, what is sent
// ahead waits for the end of a call that computes, or for Config.RunTimeout.
func Node(script string, args ...string) Config {
	return foreign([]string{"node", "-e", nodeBoot, "--", script}, args, nodeWorker)
}

func foreign(command, args []string, source string) Config {
	return Config{Command: append(command, args...), Env: append(os.Environ(), envSource+"="+source)}
}
