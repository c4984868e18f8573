package procpool_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

var (
	scriptRun   = quartet.Declare[string, json.RawMessage]("script.run")
	scriptAwait = quartet.Declare[string, json.RawMessage]("script.await")
)

// without is an environment without the variables of these names.
func without(env []string, names ...string) (left []string) {
	for _, v := range env {
		name, _, _ := strings.Cut(v, "=")
		if !slices.Contains(names, name) {
			left = append(left, v)
		}
	}
	return left
}

// runs is a pool of one worker with a script that runs any code, and what calls it.
func runs(t *testing.T, cfg procpool.Config) (run func(code string) (string, error), p *procpool.Pool) {
	needsProgram(t, cfg)
	cfg.Workers = 1
	if cfg.Env == nil {
		cfg.Env = without(os.Environ(), "PYTHONUNBUFFERED")
	}
	if cfg.OnOutput == nil {
		cfg.OnOutput = func(l procpool.Line) { t.Logf("%s", l.Text) }
	}
	p = newPool(t, cfg)
	return func(code string) (string, error) {
		out, err := scriptRun.Do(bounded(t), p, code)
		return string(out), err
	}, p
}

// eachScript runs a test with a script in Python and in Node, beside other tests.
func eachScript(t *testing.T, test func(t *testing.T, cfg procpool.Config, language int)) {
	t.Parallel()
	eachScriptInTurn(t, func(t *testing.T, cfg procpool.Config, language int) {
		t.Parallel()
		test(t, cfg, language)
	})
}

// eachScriptInTurn is eachScript for tests that change what all others share.
func eachScriptInTurn(t *testing.T, test func(t *testing.T, cfg procpool.Config, language int)) {
	for i, l := range []struct {
		name string
		cfg  procpool.Config
	}{
		{"python", procpool.Python("testdata/script.py")},
		{"node", procpool.Node("testdata/script.js")},
	} {
		t.Run(l.name, func(t *testing.T) { test(t, l.cfg, i) })
	}
}

// writeFile writes a file of a folder that the test owns, and returns its path.
func writeFile(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestPrintsArriveByLine(t *testing.T) {
	eachScript(t, func(t *testing.T, cfg procpool.Config, language int) {
		hook, next := lines()
		cfg.OnOutput = hook
		run, p := runs(t, cfg)
		waits := []string{
			"print('one'); print('two', file=sys.stderr)\nwhile not quartet_worker.cancelled(): time.sleep(.001)",
			"console.log('one'); console.error('two'); new Promise((r) => context.signal.addEventListener('abort', () => r(1)))",
		}
		f := scriptRun.Go(bounded(t), p, waits[language])
		require.ElementsMatch(t, []string{"one", "two"}, []string{next(t), next(t)}, "while the call still runs")
		f.Cancel(errKnown)
		_, err := f.Await(bounded(t))
		require.NoError(t, err)
		_, err = run([]string{
			"print('last words'); os.abort()",
			"console.log('last words'); process.abort()",
		}[language])
		require.Error(t, err)
		for next(t) != "last words" { // the other stream may be faster
		}
	})
}

// A locale without UTF-8, which is what a unit file or a cron table gives.
func TestPrintsAreUTF8(t *testing.T) {
	t.Parallel()
	cfg := procpool.Python("testdata/script.py")
	needsProgram(t, cfg)
	for _, env := range [][]string{{"LC_ALL=C"}, {"LC_ALL=C", "PYTHONUTF8=0", "PYTHONCOERCECLOCALE=0"}} {
		hook, next := lines()
		cfg.OnOutput, cfg.Env = hook, append(env, "PATH="+os.Getenv("PATH"))
		run, _ := runs(t, cfg)
		_, err := run(`print("héllo → 😀")`)
		require.NoError(t, err)
		require.Equal(t, "héllo → 😀", next(t))
	}
}

// The environment belongs to the user: neither Config.Env nor OnCommand can break a worker.
func TestScriptNeedsNoEnvironment(t *testing.T) {
	eachScript(t, func(t *testing.T, cfg procpool.Config, language int) {
		code := []string{"r = os.environ.get('MODEL')", "process.env.MODEL"}[language]
		cfg.Env = []string{"PATH=" + os.Getenv("PATH"), "MODEL=big"}
		run, _ := runs(t, cfg)
		v, err := run(code)
		require.NoError(t, err)
		require.Equal(t, `"big"`, v)
		cfg.OnCommand = func(c *exec.Cmd) { c.Env = []string{"PATH=" + os.Getenv("PATH")} }
		run, _ = runs(t, cfg)
		v, err = run(code)
		require.NoError(t, err)
		require.Equal(t, "null", v)
	})
}

// The script's path is resolved when the Config is made; the current directory may change, or go.
func TestScriptOutlivesTheCurrentDirectory(t *testing.T) {
	leavesNothing(t)
	eachScriptInTurn(t, func(t *testing.T, cfg procpool.Config, _ int) {
		gone := filepath.Join(t.TempDir(), "gone")
		require.NoError(t, os.Mkdir(gone, 0o700))
		t.Chdir(gone)
		require.NoError(t, os.Remove(gone))
		run, _ := runs(t, cfg)
		_, err := run("1")
		require.NoError(t, err)
	})
}

// Modules that lie in the current directory are none of the script's.
func TestModulesInTheCurrentDirectoryAreNotLoaded(t *testing.T) {
	leavesNothing(t)
	eachScriptInTurn(t, func(t *testing.T, cfg procpool.Config, _ int) {
		dir := t.TempDir()
		for _, name := range []string{
			"json", "select", "signal", "struct", "asyncio", "quartet_worker", "os",
			"binascii",
		} {
			writeFile(t, dir, name+".py", "raise SystemExit('the wrong module')")
			writeFile(t, dir, name+".js", "throw new Error('the wrong module')")
		}
		t.Chdir(dir)
		run, _ := runs(t, cfg)
		_, err := run("1")
		require.NoError(t, err)
	})
}

// A module that lies beside the script is the script's, as ever, and not the worker's.
func TestModulesBesideAScriptAreItsOwn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, dir, "json.py", "mine = 1")
	writeFile(t, dir, "select.py", "mine = 2")
	writeFile(t, dir, "quartet_worker.py", "raise SystemExit('an old copy')")
	writeFile(t, dir, "helper.py", "mine = 3")
	cfg := procpool.Python(writeFile(t, dir, "script.py", `
import helper, json, quartet_worker, select
@quartet_worker.function("script.run")
def run(code): return [json.mine, select.mine, helper.mine, quartet_worker.cancelled()]
`))
	run, _ := runs(t, cfg)
	v, err := run("")
	require.NoError(t, err)
	require.JSONEq(t, "[1, 2, 3, false]", v)
}

// All workers of a pool run one version of a script and of the modules beside it, whatever happens
// to the files.
func TestPoolRunsOneVersionOfAScript(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, helper, text, module string }{
		{
			"v.py", "pkg/helper.py", "import quartet_worker, pkg.helper\n@quartet_worker.function('script.run')\n" +
				"def run(code):\n  if code: import os; os._exit(1)\n  return [VERSION, pkg.helper.version]", "version = VERSION",
		},
		{
			"v.js", "helper.js", "const h = require('./helper.js');\n" +
				"exports['script.run'] = (code) => { if (code) process.exit(1); return [VERSION, h.version]; }", "exports.version = VERSION;",
		},
		{
			"v.mjs", "helper.cjs", "import h from './helper.cjs';\n" +
				"const run = (code) => { if (code) process.exit(1); return [VERSION, h.version]; };\nexport { run as 'script.run' };",
			"exports.version = VERSION;",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.NoError(t, os.Mkdir(filepath.Join(dir, "pkg"), 0o700))
			write := func(version string) string {
				writeFile(t, dir, c.helper, strings.ReplaceAll(c.module, "VERSION", version))
				return writeFile(t, dir, c.name, strings.ReplaceAll(c.text, "VERSION", version))
			}
			path := write("1")
			cfg := procpool.Node(path)
			if strings.HasSuffix(c.name, ".py") {
				cfg = procpool.Python(path)
			}
			run, p := runs(t, cfg)
			for range 2 {
				v, err := run("")
				require.NoError(t, err)
				require.JSONEq(t, "[1, 1]", v)
				write("22")
				_, err = run("exit")
				require.Error(t, err)
			}
			require.NoError(t, p.Reload(bounded(t)))
			v, err := run("")
			require.NoError(t, err)
			require.JSONEq(t, "[22, 22]", v)
		})
	}
}

func TestScriptThatCannotBeReadIsNewsError(t *testing.T) {
	for _, cfg := range []procpool.Config{
		procpool.Python("testdata/no.py"), procpool.Node("testdata"),
		procpool.Python(""),
	} {
		_, err := procpool.New(cfg)
		require.Error(t, err)
		require.ErrorContains(t, err, "procpool: reading the script")
	}
}

// A result beyond Config.MaxFrame fails its call, and the worker lives.
func TestResultBeyondMaxFrameFailsOneCall(t *testing.T) {
	eachScript(t, func(t *testing.T, cfg procpool.Config, language int) {
		cfg.MaxFrame = 1 << 20
		run, p := runs(t, cfg)
		_, err := run("1")
		require.NoError(t, err)
		before := p.PIDs()
		for _, big := range [][]string{
			{"r = 'x' * (1 << 20)", "'x'.repeat(1 << 20)"},
			{"r = bytes((1 << 20) + 1)", "Buffer.alloc((1 << 20) + 1)"},
		} {
			_, err = run(big[language])
			require.ErrorContains(t, err, `the result of "script.run" is 10485`)
			require.ErrorContains(t, err, "MaxFrame")
		}
		v, err := run([]string{"r = 'x' * 1000000", "'x'.repeat(1000000)"}[language])
		require.NoError(t, err)
		require.Len(t, v, 1000002)
		_, err = run([]string{"raise ValueError('x' * (2 << 20))", "throw new Error('x'.repeat(2 << 20))"}[language])
		require.ErrorContains(t, err, "xxx")
		require.Equal(t, before, p.PIDs())
	})
}

// A function sees what travels beside its call.
func TestScriptsReadTheirContext(t *testing.T) {
	eachScript(t, func(t *testing.T, cfg procpool.Config, language int) {
		_, p := runs(t, cfg)
		code := []string{
			"c = quartet_worker.context()\nr = [c.function, c.label, c.deadline is not None and 0 < c.remaining() < 61, c.values['procpool_test.tenant'].decode()]",
			"[context.function, context.label, context.deadline > Date.now() && context.deadline < Date.now() + 61e3, `${context.values['procpool_test.tenant']}`]",
		}[language]
		ctx, cancel := context.WithTimeout(quartet.Label(context.WithValue(context.Background(), tenantKey{}, "naïve"),
			"a label — of any text"), time.Minute)
		defer cancel()
		v, err := scriptRun.Do(ctx, p, code)
		require.NoError(t, err)
		require.JSONEq(t, `["script.run", "a label — of any text", true, "naïve"]`, string(v))
		v, err = scriptRun.Do(context.Background(), p, []string{
			"c = quartet_worker.context()\nr = [c.label, c.deadline, c.remaining(), len(c.values)]",
			"[context.label, context.deadline ?? null, null, Object.keys(context.values).length]",
		}[language])
		require.NoError(t, err)
		require.JSONEq(t, `["", null, null, 0]`, string(v))
	})
}

// A program with a command of its own is a worker with the same modules as files.
func TestWorkersAsFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	here, err := os.Getwd()
	require.NoError(t, err)
	python := writeFile(t, dir, "standalone.py", `
import quartet_worker
@quartet_worker.function("script.run")
def run(code): return [code, quartet_worker.is_worker(), quartet_worker.context().function]
quartet_worker.run()
`)
	node := writeFile(t, dir, "standalone.js", `
const { serve } = require(process.env.NODE_WORKER);
serve({ 'script.run': (code, context) => [code, true, context.function] });
`)
	for _, command := range [][]string{{"python3", python}, {"node", node}} {
		cfg := procpool.Config{Command: command, Env: append(os.Environ(),
			"PYTHONPATH="+filepath.Join(here, "python"), "NODE_WORKER="+filepath.Join(here, "node", "quartet-worker"))}
		run, p := runs(t, cfg)
		v, err := run("x")
		require.NoError(t, err)
		require.JSONEq(t, `["x", true, "script.run"]`, v)
		require.NoError(t, p.Shutdown(bounded(t)))
	}
}
