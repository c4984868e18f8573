package procpool_test

import (
	"context"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/procpool"
)

func TestNodeErrorsOfAllKinds(t *testing.T) {
	t.Parallel()
	run, p := runs(t, procpool.Node("testdata/script.js"))
	for code, want := range map[string]string{
		"throw null":                                            "object: null",
		"throw undefined":                                       "undefined: undefined",
		"throw 'text'":                                          "string: text",
		"throw { get message() { throw 1; } }":                  "object: <it cannot be shown",
		"throw { get name() { throw 1; } }":                     "<it cannot be shown: a getter of the error throws>: [object Object]",
		"throw Object.create(null)":                             "object: <it cannot be shown",
		"throw Symbol('s')":                                     "symbol: Symbol(s)",
		"throw new Proxy({}, { get() { throw 1; } })":           "<it cannot be shown",
		"throw Object.assign(new Error('x'), { quartetIs: 7 })": "Error: x",
		"throw Object.assign(new Error('y'), { get quartetIs() { return null; } })": "Error: y",
		"Promise.reject(new RangeError('late'))":                                    "RangeError: late",
		"(async () => null.x)()":                                                    "TypeError: Cannot read properties of null",
		"({ then: 1, a: [new Map()] })":                                             "TypeError: script.run: its result.a[0] is a Map",
		"({ toJSON() { throw new Error('in toJSON'); } })":                          "Error: in toJSON",
		"const loop = {}; loop.loop = loop; loop":                                   "script.run: its result is nested too deep",
		"let deep = []; for (let i = 0; i < 1e5; i++) deep = [deep]; deep":          "script.run: its result is nested too deep",
	} {
		_, err := run(code)
		var foreign *procpool.ForeignError
		require.ErrorAs(t, err, &foreign, code)
		require.ErrorContains(t, err, want, code)
	}
	_, err := run("throw Object.assign(new Error('x'), { quartetIs: 'procpool_test.known' })")
	require.ErrorIs(t, err, errKnown)
	require.Len(t, p.PIDs(), 1)
}

// A call that its cancellation has ended gets the caller's own cause.
func TestNodeCancellationIsTheCause(t *testing.T) {
	t.Parallel()
	hook, next := lines()
	cfg := procpool.Node("testdata/script.js")
	cfg.OnOutput = hook
	_, p := runs(t, cfg)
	for _, code := range []string{
		"console.log('begun'); require('node:timers/promises').setTimeout(60000, null, { signal: context.signal })",
		"console.log('begun'); new Promise((_, no) => context.signal.addEventListener('abort', () => no(context.signal.reason)))",
	} {
		f := scriptRun.Go(bounded(t), p, code)
		require.Equal(t, "begun", next(t))
		f.Cancel(errKnown)
		_, err := f.Await(bounded(t))
		require.ErrorIs(t, err, errKnown)
	}
	ctx, cancel := context.WithCancelCause(bounded(t))
	f := scriptRun.Go(ctx, p,
		"console.log('begun'); new Promise((done) => context.signal.addEventListener('abort', () => done(context.signal.reason.message)))")
	require.Equal(t, "begun", next(t))
	cancel(errKnown)
	v, err := f.Await(bounded(t))
	require.NoError(t, err)
	require.Equal(t, `"`+errKnown.Error()+`"`, string(v))
	require.Len(t, p.PIDs(), 1)
}

// At an orderly end Node's exit handlers run.
func TestNodeEndsInOrder(t *testing.T) {
	t.Parallel()
	hook, next := lines()
	cfg := procpool.Node("testdata/script.js")
	cfg.OnOutput = hook
	run, p := runs(t, cfg)
	_, err := run("1")
	require.NoError(t, err)
	require.NoError(t, p.Shutdown(bounded(t)))
	require.Equal(t, "goodbye", next(t))
}

// Modules of both kinds are scripts, with arguments where programs have them; what they do as a
// program is not done here.
func TestNodeScripts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.cjs": "exports['script.run'] = () => [process.argv.slice(2), require.main === module]",
		"b.mjs": "import { fileURLToPath } from 'node:url';\nawait 1;\nconst run = () => [process.argv.slice(2), process.argv[1] === fileURLToPath(import.meta.url)];\nexport { run as 'script.run' };",
		"c.mjs": "export default { 'script.run': () => [process.argv.slice(2), false] };",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run, _ := runs(t, procpool.Node(writeFile(t, dir, name, text), "--flag", "x"))
			v, err := run("")
			require.NoError(t, err)
			require.JSONEq(t, `[["--flag", "x"], false]`, v)
		})
	}
	for name, c := range map[string]struct{ text, want string }{
		"syntax.js": {"exports.a = {", "SyntaxError"},
		"throws.js": {"throw new Error('at load')", "at load"},
		"none.js":   {"require('not-there')", "Cannot find module 'not-there'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run, _ := runs(t, procpool.Node(writeFile(t, dir, name, c.text)))
			_, err := run("")
			require.ErrorContains(t, err, c.want)
		})
	}
}

// What a worker starts inherits none of its descriptors.
func TestScriptsKeepTheirDescriptors(t *testing.T) {
	if _, err := exec.LookPath("ls"); err != nil {
		t.Skip(err)
	}
	eachScript(t, func(t *testing.T, cfg procpool.Config, language int) {
		run, _ := runs(t, cfg)
		v, err := run([]string{
			"import subprocess; r = subprocess.run(['ls', '-l', '/proc/self/fd'], close_fds=False, capture_output=True, text=True).stdout",
			"spawnSync('ls', ['-l', '/proc/self/fd']).stdout.toString()",
		}[language])
		require.NoError(t, err)
		if v == `""` {
			t.Skip("there is no /proc here")
		}
		for _, ours := range []string{"quartet", "memfd", " 4 ->", " 5 ->", " 6 ->"} {
			require.NotContains(t, v, ours)
		}
	})
}
