package procpool_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

// The script is __main__: what pickles by name, and what starts processes of its own, works in it.
func TestPythonScriptIsMain(t *testing.T) {
	t.Parallel()
	run, p := runs(t, procpool.Python("testdata/script.py"))
	pool := "import multiprocessing as m\nwith m.get_context('%').Pool(2) as p: r = sum(p.map(square, range(5)))"
	executor := "import multiprocessing as m\nfrom concurrent.futures import ProcessPoolExecutor\n" +
		"with ProcessPoolExecutor(2, m.get_context('%')) as p: r = sum(p.map(square, range(5)))"
	// A model that was saved where the same script was started from the command line.
	saved := `import io, pickle
data = b"\x80\x04\x95\x16\0\0\0\0\0\0\0\x8c\x08__main__\x94\x8c\x05Thing\x94\x93\x94."
`
	for _, c := range []struct{ name, code, want string }{
		{"class", "import pickle; r = pickle.loads(pickle.dumps(Thing(3))).n", "3"},
		{"func", "import pickle; r = pickle.loads(pickle.dumps(square))(4)", "16"},
		{"by name", `import pickle; r = pickle.loads(b'c__main__\nThing\n.').__name__`, `"Thing"`},
		{"saved by a script", saved + "r = pickle.load(io.BytesIO(data))(3).n", "3"},
		{"saved by joblib", saved + "r = pickle._Unpickler(io.BytesIO(data)).load()(3).n", "3"}, // it extends this class
		{
			"name", "r = [__name__, os.path.basename(__file__), os.path.basename(sys.argv[0])]",
			`["__main__","script.py","script.py"]`,
		},
		{"source", "import inspect; r = inspect.getsource(square)", `"def square(x):\n    return x * x\n"`},
		{"fork", strings.ReplaceAll(pool, "%", "fork"), "30"},
		{"spawn", strings.ReplaceAll(pool, "%", "spawn"), "30"},
		{"forkserver", strings.ReplaceAll(pool, "%", "forkserver"), "30"},
		{"executor fork", strings.ReplaceAll(executor, "%", "fork"), "30"},
		{"executor spawn", strings.ReplaceAll(executor, "%", "spawn"), "30"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := run(c.code)
			require.NoError(t, err)
			if strings.HasPrefix(c.want, "[") {
				require.JSONEq(t, c.want, v)
			} else {
				require.Equal(t, c.want, v)
			}
		})
	}
	require.Len(t, p.PIDs(), 1)
}

// What a script does for the command line is kept from the pool by is_worker, and a script that
// forgets it is told so.
func TestPythonCommandLineBlock(t *testing.T) {
	t.Parallel()
	cfg := procpool.Python("testdata/script.py")
	needsProgram(t, cfg)
	cmd := exec.Command(cfg.Command[0], "testdata/script.py", "r = 6 * 7")
	cmd.Env = append(os.Environ(), "PYTHONPATH=python")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, "from the command line: 42\n", string(out))

	cfg = procpool.Python(writeFile(t, t.TempDir(), "cli.py", `
import sys, quartet_worker
@quartet_worker.function("script.run")
def run(x): return x
if __name__ == "__main__":
    sys.exit("usage: cli.py INPUT")
`))
	run, _ := runs(t, cfg)
	_, err = run("")
	require.ErrorIs(t, err, procpool.ErrCrashLoop)
	require.ErrorContains(t, err, "cli.py called sys.exit('usage: cli.py INPUT')")
	require.ErrorContains(t, err, `if __name__ == "__main__" and not quartet_worker.is_worker():`)
}

// An exception while the script is read ends the worker at once, also beside a thread that never
// ends, and its traceback begins in the script.
func TestPythonScriptThatRaises(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"import":  {"import not_there", "No module named 'not_there'"},
		"syntax":  {"def f(:", "SyntaxError"},
		"in func": {"import threading, time\nt = threading.Thread(target=time.sleep, args=(60,)); t.start()\ndef f():\n  1 / 0\nf()", "ZeroDivisionError"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run, _ := runs(t, procpool.Python(writeFile(t, t.TempDir(), "broken.py", c.text)))
			_, err := run("")
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "broken.py")
			require.NotContains(t, err.Error(), "_boot.py")
		})
	}
}

func TestPythonAsyncFunctions(t *testing.T) {
	t.Parallel()
	cfg := procpool.Python("testdata/script.py")
	_, p := runs(t, cfg)
	await := func(code string) (string, error) {
		out, err := scriptAwait.Do(bounded(t), p, code)
		return string(out), err
	}
	v, err := await("await asyncio.sleep(0.001)\nreturn 42")
	require.NoError(t, err)
	require.Equal(t, "42", v)
	_, err = await("await asyncio.sleep(0)\nraise KeyError('k')")
	require.ErrorContains(t, err, "KeyError: 'k'")
	v, err = await("sys.loop = asyncio.get_running_loop()\nreturn 1")
	require.NoError(t, err)
	require.Equal(t, "1", v)
	v, err = await("return sys.loop is asyncio.get_running_loop()")
	require.NoError(t, err)
	require.Equal(t, "true", v, "the loop lives as long as the worker")

	hook, next := lines()
	cfg.OnOutput = hook
	_, p = runs(t, cfg)
	f := scriptAwait.Go(bounded(t), p, "print('begun')\ntry:\n await asyncio.sleep(60)\nfinally:\n print('cleaned')")
	require.Equal(t, "begun", next(t))
	f.Cancel(errKnown)
	_, err = f.Await(bounded(t))
	require.ErrorIs(t, err, errKnown, "the cancellation is the error's cause")
	require.Equal(t, "cleaned", next(t))
	require.Len(t, p.PIDs(), 1)
}

// With Config.Concurrency async functions share a worker; others do not.
func TestPythonAsyncFunctionsRunTogether(t *testing.T) {
	t.Parallel()
	cfg := procpool.Python("testdata/script.py")
	cfg.Concurrency = 4
	_, p := runs(t, cfg)
	meet := "sys.met = getattr(sys, 'met', 0) + 1\nwhile sys.met < 4: await asyncio.sleep(0.001)\nreturn os.getpid()"
	var pids []string
	for out, err := range scriptAwait.Map(bounded(t), p, slices.Values([]string{meet, meet, meet, meet}),
		quartet.Ahead(4)) {
		require.NoError(t, err)
		pids = append(pids, string(out))
	}
	require.Len(t, slices.Compact(pids), 1)
	f := scriptAwait.Go(bounded(t), p, "await asyncio.sleep(60)")
	label, err := scriptAwait.Do(quartet.Label(bounded(t), "here"), p,
		"await asyncio.sleep(0.01)\nreturn quartet_worker.context().label")
	require.NoError(t, err)
	require.Equal(t, `"here"`, string(label))
	f.Cancel(errKnown)
	_, err = f.Await(bounded(t))
	require.ErrorIs(t, err, errKnown)
	_, err = scriptAwait.Do(bounded(t), p, "sys.exit(7)")
	var lost *procpool.WorkerLostError
	require.ErrorAs(t, err, &lost)
	require.Equal(t, 7, lost.ExitCode)

	cfg = procpool.Python("testdata/functions.py")
	cfg.Concurrency = 4
	cfg.Workers = 1
	q := newPool(t, cfg)
	for v, err := range foreignDouble.Map(bounded(t), q, slices.Values([]int{1, 2, 3})) {
		require.NoError(t, err)
		require.NotZero(t, v)
	}
}

// At an orderly end atexit has its turn, and what multiprocessing has left is removed.
func TestPythonEndsInOrder(t *testing.T) {
	t.Parallel()
	cfg := procpool.Python("testdata/script.py")
	hook, next := lines()
	cfg.OnOutput = hook
	run, p := runs(t, cfg)
	out, err := run(`
import atexit, tempfile
from multiprocessing import shared_memory
sys.keep = tempfile.TemporaryDirectory(prefix="quartet-test"), shared_memory.SharedMemory(create=True, size=100)
atexit.register(print, "atexit")
r = sys.keep[0].name + " " + sys.keep[1].name`)
	if err != nil && strings.Contains(err.Error(), "shared_memory") {
		t.Skip("this Python has no shared memory")
	}
	require.NoError(t, err)
	require.NoError(t, p.Shutdown(bounded(t)))
	require.Equal(t, "atexit", next(t))
	dir, shm, _ := strings.Cut(strings.Trim(out, `"`), " ")
	require.NoDirExists(t, dir)
	require.NoFileExists(t, filepath.Join("/dev/shm", shm))
}

// sys.exit in a function ends the worker within a bound, whatever threads and handlers it has; the
// next call finds
// another.
func TestPythonExitHasABound(t *testing.T) {
	t.Parallel()
	for code, status := range map[string]int{
		"import threading; threading.Thread(target=time.sleep, args=(3600,)).start(); sys.exit(3)": 1,
		"sys.exit(4)":        4,
		"sys.exit('a text')": 1,
		"os._exit(5)":        5,
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			run, _ := runs(t, procpool.Python("testdata/script.py"))
			_, err := run(code)
			var lost *procpool.WorkerLostError
			require.ErrorAs(t, err, &lost)
			require.Equal(t, status, lost.ExitCode)
			v, err := run("r = 1")
			require.NoError(t, err)
			require.Equal(t, "1", v)
		})
	}
}

func TestPythonExceptionsOfAllKinds(t *testing.T) {
	t.Parallel()
	run, p := runs(t, procpool.Python("testdata/script.py"))
	for code, want := range map[string]string{
		"raise BadText()":                                      "BadText: <its __str__ raised RuntimeError>",
		"raise KeyboardInterrupt()":                            "KeyboardInterrupt: ",
		"raise GeneratorExit()":                                "GeneratorExit: ",
		"raise type('Odd', (BaseException,), {})(1)":           "Odd: 1",
		"raise ValueError('\\ud800')":                          `ValueError: \ud800`,
		"e = ValueError('x'); e.quartet_is = 7; raise e":       "ValueError: x",
		"e = ValueError('y'); e.quartet_is = [{}, 1]; raise e": "ValueError: y",
		"def f(): f()\nf()":                                    "RecursionError: ",
		"raise MemoryError()":                                  "MemoryError: ",
		"r = (x for x in [1])":                                 "script.run returned a generator",
		"r = map(str, [1])":                                    "script.run returned a map",
		"async def g(): yield 1\nr = g()":                      "script.run returned an async_generator",
		"r = {'a': [1, {2}]}":                                  "script.run: its result['a'][1] is a set, which JSON cannot carry",
	} {
		_, err := run(code)
		var foreign *procpool.ForeignError
		require.ErrorAs(t, err, &foreign, code)
		require.ErrorContains(t, err, want)
		require.NotContains(t, foreign.Stack, "_calls.py")
	}
	_, err := run("e = LookupError(1); e.quartet_is = 'procpool_test.known'; raise e")
	require.ErrorIs(t, err, errKnown)
	require.Len(t, p.PIDs(), 1)
}

// A crash in native code says where it happened.
func TestPythonCrashShowsItsStack(t *testing.T) {
	t.Parallel()
	run, _ := runs(t, procpool.Python("testdata/script.py"))
	_, err := run("import ctypes; ctypes.string_at(0)")
	var lost *procpool.WorkerLostError
	require.ErrorAs(t, err, &lost)
	require.Contains(t, string(lost.Stderr), "Fatal Python error: Segmentation fault")
	require.Contains(t, string(lost.Stderr), "script.py")
}

// A forked child is no worker: nobody hears of it, even if it returns into the worker's code.
func TestPythonForkedChildIsNoWorker(t *testing.T) {
	t.Parallel()
	run, p := runs(t, procpool.Python("testdata/script.py"))
	v, err := run("pid = os.fork()\nr = os.waitpid(pid, 0)[1] >> 8 if pid else 'from the child'")
	require.NoError(t, err)
	require.Equal(t, "1", v)
	v, err = run("pid = os.fork()\nif not pid: os._exit(quartet_worker.is_worker() or quartet_worker.cancelled())\nr = os.waitpid(pid, 0)[1]")
	require.NoError(t, err)
	require.Equal(t, "0", v)
	// Python forgets a signal that comes before the child has the handlers of its own: it says when.
	v, err = run("import signal\nup, says = os.pipe()\npid = os.fork()\n" +
		"if not pid: os.write(says, b'.'); time.sleep(60)\n" +
		"os.read(up, 1); os.close(up); os.close(says); os.kill(pid, signal.SIGTERM); r = os.waitpid(pid, 0)[1]")
	require.NoError(t, err)
	require.Equal(t, "15", v)
	require.Len(t, p.PIDs(), 1)
}

// A script that closes all descriptors does not reach the worker's own, or their loss ends the
// worker at once.
func TestPythonThatClosesDescriptors(t *testing.T) {
	t.Parallel()
	cfg := procpool.Python("testdata/script.py")
	hook, next := lines()
	cfg.OnOutput = hook
	run, p := runs(t, cfg)
	v, err := run("os.closerange(3, 5); os.closerange(6, 60); r = 1")
	require.NoError(t, err)
	require.Equal(t, "1", v)
	before := p.PIDs()
	_, err = run("os.closerange(3, 1024); r = 1")
	require.NoError(t, err, "its result was in the ledger")
	require.Contains(t, next(t), "closed by the script")
	v, err = run("r = 2")
	require.NoError(t, err)
	require.Equal(t, "2", v)
	require.NotEqual(t, before, p.PIDs())
}

// A virtual environment is its interpreter: it has the environment's modules without activation.
func TestPythonOfAVirtualEnvironment(t *testing.T) {
	t.Parallel()
	cfg := procpool.Python("testdata/script.py")
	needsProgram(t, cfg)
	real, err := exec.LookPath(cfg.Command[0])
	require.NoError(t, err)
	dir := t.TempDir() // what python3 -m venv makes, without pip
	version, err := exec.Command(real, "-c", "import sys; print('python%d.%d' % sys.version_info[:2])").Output()
	require.NoError(t, err)
	modules := filepath.Join(dir, "lib", strings.TrimSpace(string(version)), "site-packages")
	require.NoError(t, os.MkdirAll(modules, 0o700))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "bin"), 0o700))
	writeFile(t, modules, "only_here.py", "answer = 42")
	writeFile(t, dir, "pyvenv.cfg", "home = "+filepath.Dir(real)+"\ninclude-system-site-packages = false\n")
	cfg.Command[0] = filepath.Join(dir, "bin", "python")
	if err := os.Symlink(real, cfg.Command[0]); err != nil {
		t.Skip(err)
	}
	run, _ := runs(t, cfg)
	v, err := run("import only_here; r = only_here.answer")
	require.NoError(t, err)
	require.Equal(t, "42", v)
}

// pythons are the interpreters that this machine has, by version: those on the path, and pyenv's.
func pythons() map[string]string {
	found := make(map[string]string)
	try := func(path string) {
		out, err := exec.Command(path, "-c", "import sys; sys.stdout.write('%d.%d' % sys.version_info[:2])").Output()
		if err == nil {
			found[string(out)] = path
		}
	}
	home, _ := os.UserHomeDir()
	paths, _ := filepath.Glob(filepath.Join(home, ".pyenv", "versions", "*", "bin", "python"))
	for _, path := range paths {
		try(path)
	}
	for _, version := range []string{
		"2", "2.7", "3", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15",
	} {
		if found[version] == "" { // the version manager's wrappers of the same interpreters are slow
			try("python" + version)
		}
	}
	return found
}

func TestPythonVersions(t *testing.T) {
	t.Parallel()
	for version, path := range pythons() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			cfg := procpool.Python("testdata/script.py")
			cfg.Command[0] = path
			run, p := runs(t, cfg)
			if version == "3.6" || version[0] == '2' {
				_, err := run("r = 1")
				require.ErrorIs(t, err, procpool.ErrMismatch, "at once, and by name")
				require.ErrorContains(t, err, "is Python "+version)
				require.ErrorContains(t, err, "3.7 or newer")
				return
			}
			for code, want := range map[string]string{
				"r = 1": "1",
				"import multiprocessing as m\nwith m.get_context('spawn').Pool(1) as p: r = p.map(square, [3])": "[9]",
				"print('a line')": "null",
			} {
				v, err := run(code)
				require.NoError(t, err)
				require.Equal(t, strings.ReplaceAll(want, " ", ""), strings.ReplaceAll(v, " ", ""))
			}
			v, err := scriptAwait.Do(bounded(t), p, "await asyncio.sleep(0)\nreturn 2")
			require.NoError(t, err)
			require.Equal(t, "2", string(v))
			for _, form := range []string{"def", "async def"} {
				code := " g():\n try:\n  for i in range(100): yield i\n finally: sys.left = True\nr = g()"
				items, err := flowOf(t, p, form+code)
				require.NoError(t, err)
				require.Len(t, items, 100)
				seq, err := scriptFlow.Do(bounded(t), p, "sys.left = False\n"+form+code)
				require.NoError(t, err)
				for range seq {
					break
				}
				v, err := run("r = sys.left")
				require.NoError(t, err)
				require.Equal(t, "true", v)
			}
			_, err = run("sys.exit(3)")
			var lost *procpool.WorkerLostError
			require.ErrorAs(t, err, &lost)
			require.Equal(t, 3, lost.ExitCode)
			require.NoError(t, p.Shutdown(bounded(t)))
		})
	}
}
