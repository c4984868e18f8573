package procpool_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/stream"
	"github.com/quartet-go/quartet/procpool"
)

// The streams of a script: it runs code, which gives an iterator.
var (
	scriptFlow  = quartet.Declare[string, iter.Seq2[json.RawMessage, error]]("script.flow")
	scriptBytes = quartet.Declare[string, iter.Seq2[[]byte, error]]("script.bytes")
)

// streaming is a worker that streams what code says.
type streaming struct {
	language int
	pool     *procpool.Pool
	run      func(code string) (string, error)
	next     func(t *testing.T) string // line of output
}

func TestScriptsStream(t *testing.T) {
	eachScript(t, func(t *testing.T, cfg procpool.Config, language int) {
		s := streaming{language: language}
		cfg.OnOutput, s.next = lines()
		cfg.MaxFrame = 4 << 20
		s.run, s.pool = runs(t, cfg)
		t.Run("iterators of all kinds", s.allKinds)
		t.Run("bytes", s.bytes)
		t.Run("waits for its reader", s.waits)
		t.Run("items do not wait", s.itemsDoNotWait)
		t.Run("closed", s.closed)
		t.Run("fails", s.fails)
		t.Run("no stream", s.noStream)
		_, err := s.run("1")
		require.NoError(t, err)
		require.Len(t, s.pool.PIDs(), 1, "one worker has done it all")
	})
}

// flowOf are the items of a stream as text, and the error of its last pair.
func flowOf(t *testing.T, p quartet.Executor, code string) (items []string, last error) {
	t.Helper()
	seq, err := scriptFlow.Do(bounded(t), p, code)
	require.NoError(t, err)
	for item, err := range seq {
		require.NoError(t, last, "an error is the last pair")
		if last = err; err == nil {
			items = append(items, string(item))
		}
	}
	return items, last
}

// Iterators of all kinds give their items in order, none, and more than a window of them.
func (s *streaming) allKinds(t *testing.T) {
	for _, code := range [][]string{
		{"def g():\n for i in range(%): yield i\nr = g()", "(function*() { for (let i = 0; i < %; i++) yield i; })()"},
		{"async def g():\n for i in range(%): yield i\nr = g()", "(async function*() { for (let i = 0; i < %; i++) yield i; })()"},
		{
			"async def g():\n for i in range(%):\n  if i % 7 == 0: await asyncio.sleep(0)\n  yield i\nr = g()",
			"(async function*() { for (let i = 0; i < %; i++) { if (i % 7 === 0) await null; yield i; } })()",
		},
		{"r = iter(range(%))", "Array.from({ length: % }, (_, i) => i).values()"},
		{"r = map(int, [str(i) for i in range(%)])", "new (require('node:stream').Readable).from(Array.from({ length: % }, (_, i) => i))"},
		{"async def f(): return iter(range(%))\nr = f()", "Promise.resolve(Array.from({ length: % }, (_, i) => i).values())"},
	} {
		for _, n := range []int{0, 1, stream.Items, stream.Items + 1, 1000} {
			code := strings.ReplaceAll(strings.ReplaceAll(code[s.language], " % 7", " \x00 7"), "%", fmt.Sprint(n))
			items, err := flowOf(t, s.pool, strings.ReplaceAll(code, "\x00", "%"))
			require.NoError(t, err, code)
			require.Len(t, items, n, code)
			for i, item := range items {
				require.Equal(t, fmt.Sprint(i), item)
			}
		}
	}
}

// A script makes no more items than fit the window, while its reader does something else.
func (s *streaming) waits(t *testing.T) {
	for _, code := range [][]string{
		{
			"def g():\n sys.made = 0\n while True:\n  sys.made += 1; print(sys.made); yield 'x' * SIZE\nr = g()",
			"(function*() { for (global.made = 1;; global.made++) { console.log(made); yield 'x'.repeat(SIZE); } })()",
		},
		{
			"async def g():\n sys.made = 0\n while True:\n  sys.made += 1; print(sys.made); yield 'x' * SIZE\nr = g()",
			"(async function*() { for (global.made = 1;; global.made++) { console.log(made); yield 'x'.repeat(SIZE); } })()",
		},
	} {
		for size, most := range map[string]int{"1": stream.Items, "300000": 4} {
			seq, err := scriptFlow.Do(bounded(t), s.pool, strings.ReplaceAll(code[s.language], "SIZE", size))
			require.NoError(t, err)
			for _, err := range seq {
				require.NoError(t, err)
				for s.next(t) != fmt.Sprint(most) {
				}
				break
			}
			made, err := s.run([]string{"r = sys.made", "made"}[s.language])
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint(most), made)
		}
	}
}

// An item is on its way at once, also when the script computes for long before the next one.
func (s *streaming) itemsDoNotWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seen")
	seq, err := scriptFlow.Do(bounded(t), s.pool, fmt.Sprintf([]string{
		"def g():\n yield 1; yield 2; yield 3\n while not os.path.exists(%q): pass\n yield 4\nr = g()",
		"(function*() { yield 1; yield 2; yield 3; while (!require('node:fs').existsSync(%q)); yield 4; })()",
	}[s.language], path))
	require.NoError(t, err)
	items := 0
	for _, err := range seq {
		require.NoError(t, err)
		if items++; items == 3 {
			writeFile(t, filepath.Dir(path), "seen", "")
		}
	}
	require.Equal(t, 4, items)
}

// endless are streams that print "closed" when they are closed, and wait in different places until
// then.
var endless = map[string][]string{
	"for room": {
		"def g():\n try:\n  while True: yield 1\n finally: print('closed')\nr = g()",
		"(function*() { try { while (true) yield 1; } finally { console.log('closed'); } })()",
	},
	"for room, async": {
		"async def g():\n try:\n  while True: yield 1\n finally:\n  await asyncio.sleep(0); print('closed')\nr = g()",
		"(async function*() { try { while (true) yield 1; } finally { await null; console.log('closed'); } })()",
	},
	"not at all": {
		"def g():\n try:\n  while True:\n   time.sleep(.001); yield 1\n finally: print('closed')\nr = g()",
		"(function*() { try { while (true) { spawnSync('true'); yield 1; } } finally { console.log('closed'); } })()",
	},
	"for time": {
		"async def g():\n try:\n  yield 1; yield 2; await asyncio.sleep(60)\n finally: print('closed')\nr = g()",
		"(async function*(s) { try { yield 1; yield 2; await require('node:timers/promises').setTimeout(60000, 0, { signal: s }); } finally { console.log('closed'); } })(context.signal)",
	},
	"by itself": {
		"class It:\n def __iter__(self): return self\n def __next__(self): return 1\n def close(self): print('closed')\nr = It()",
		"({ [Symbol.asyncIterator]() { return this; }, next: () => ({ value: 1 }), return() { console.log('closed'); } })",
	},
}

// When its reader wants no more a stream is closed: its finally blocks run.
func (s *streaming) closed(t *testing.T) {
	for waits, code := range endless {
		t.Run(waits+" break", func(t *testing.T) {
			seq, err := scriptFlow.Do(bounded(t), s.pool, code[s.language])
			require.NoError(t, err)
			items := 0
			for _, err := range seq {
				require.NoError(t, err)
				if items++; items == 2 {
					break
				}
			}
			require.Equal(t, "closed", s.next(t))
		})
		t.Run(waits+" panic", func(t *testing.T) {
			seq, err := scriptFlow.Do(bounded(t), s.pool, code[s.language])
			require.NoError(t, err)
			require.PanicsWithValue(t, "of the loop's body", func() {
				for range seq {
					panic("of the loop's body")
				}
			})
			require.Equal(t, "closed", s.next(t))
		})
		t.Run(waits+" cancel", func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(bounded(t))
			defer cancel(nil)
			seq, err := scriptFlow.Do(ctx, s.pool, code[s.language])
			require.NoError(t, err)
			var last error
			for _, err := range seq {
				if last = err; err == nil && ctx.Err() == nil {
					cancel(errKnown)
					require.Equal(t, "closed", s.next(t))
					ended := func() bool { return s.pool.Stats().Running == 0 }
					require.Eventually(t, ended, time.Minute, time.Millisecond, "the loop finds ctx and the call at their ends")
				}
			}
			require.Equal(t, errKnown, last)
		})
	}
}

// An exception in the middle is the last pair's error, after the items before it.
func (s *streaming) fails(t *testing.T) {
	for _, c := range []struct{ python, node, want string }{
		{"raise KeyError('k')", "throw new RangeError('k')", "Error: "},
		{"yield {1}", "yield new Set()", "script.flow: its item 2 is a"},
		{"yield [1, float('nan')]", "yield [1, NaN]", "script.flow: its item 2[1] is "},
		{"yield (x for x in [1])", "yield [1].values()", "script.flow"},
		{"yield 'x' * (4 << 20)", "yield 'x'.repeat(4 << 20)", `an item of "script.flow" is 4194306 bytes, beyond Config.MaxFrame (4194304)`},
	} {
		for _, form := range [][]string{
			{"def g():\n try:\n  yield 0; yield 1; %\n  yield 3\n finally: print('closed')\nr = g()", "(function*() { try { yield 0; yield 1; %; yield 3 } finally { console.log('closed'); } })()"},
			{"async def g():\n try:\n  yield 0; yield 1; %\n  yield 3\n finally: print('closed')\nr = g()", "(async function*() { try { yield 0; yield 1; %; yield 3 } finally { console.log('closed'); } })()"},
		} {
			items, err := flowOf(t, s.pool, strings.ReplaceAll(form[s.language], "%", []string{c.python, c.node}[s.language]))
			require.Equal(t, []string{"0", "1"}, items)
			require.ErrorContains(t, err, c.want)
			var foreign *procpool.ForeignError
			if !strings.Contains(c.want, "MaxFrame") {
				require.ErrorAs(t, err, &foreign)
				require.NotContains(t, foreign.Stack, "_calls.py")
				require.NotContains(t, foreign.Stack, "asyncio")
			}
			require.Equal(t, "closed", s.next(t))
		}
	}
}

// A function that gives no iterator, for a type that is a stream, fails, and one that is refused as
// ever has no items.
func (s *streaming) noStream(t *testing.T) {
	for _, c := range []struct{ python, node, want string }{
		{"r = [1, 2]", "[1, 2]", "its caller takes a stream: yield the items"},
		{"r = None", "undefined", "script.flow returned "},
		{"r = 'text'", "'text'", "its caller takes a stream"},
		{"r = b'bytes'", "Buffer.from('bytes')", "its caller takes a stream"},
		{"async def f(): return 5\nr = f()", "Promise.resolve(5)", "its caller takes a stream"},
		{"raise ValueError('at once')", "throw new Error('at once')", "Error: at once"},
	} {
		items, err := flowOf(t, s.pool, []string{c.python, c.node}[s.language])
		require.Empty(t, items)
		require.ErrorContains(t, err, c.want)
	}
}

// The items that a script has sent before it died arrive. The last pair says how it was lost.
func TestScriptDiesInMidStream(t *testing.T) {
	eachScript(t, func(t *testing.T, cfg procpool.Config, language int) {
		cfg.OnOutput = func(procpool.Line) {}
		_, p := runs(t, cfg)
		for _, c := range []struct {
			die  [2]string
			size int
		}{
			{[2]string{"os._exit(3)", "process.exit(3)"}, 10},
			{[2]string{"import signal; os.kill(os.getpid(), signal.SIGKILL)", "process.kill(process.pid, 'SIGKILL')"}, 100_000},
			{[2]string{"sys.exit(3)", "process.abort()"}, 10},
		} {
			seq, err := scriptBytes.Do(bounded(t), p, strings.ReplaceAll(strings.ReplaceAll([]string{
				"def g():\n for i in range(5): yield bytes(SIZE)\n DIE\nr = g()",
				"(async function*() { for (let i = 0; i < 5; i++) yield Buffer.alloc(SIZE); DIE; await new Promise(() => {}); })()",
			}[language], "SIZE", fmt.Sprint(c.size)), "DIE", c.die[language]))
			require.NoError(t, err)
			items := 0
			var last error
			for item, err := range seq {
				if last = err; err == nil {
					require.Len(t, item, c.size)
					items++
				}
			}
			require.Equal(t, 5, items)
			var lost *procpool.WorkerLostError
			require.ErrorAs(t, last, &lost)
			require.Equal(t, "script.bytes", lost.Func)
		}
		items, err := flowOf(t, p, []string{"r = iter([7])", "[7].values()"}[language])
		require.NoError(t, err)
		require.Equal(t, []string{"7"}, items)
	})
}

// Bytes are items as they are, also beyond the size of a piece and of a window.
func (s *streaming) bytes(t *testing.T) {
	for _, size := range []int{0, 100, 70_000, 300_000, 3 << 20} {
		seq, err := scriptBytes.Do(bounded(t), s.pool, strings.ReplaceAll([]string{
			"r = (bytes([i]) * SIZE for i in range(7))",
			"(function*() { const b = Buffer.alloc(SIZE); for (let i = 0; i < 7; i++) yield b.fill(i); })()",
		}[s.language], "SIZE", fmt.Sprint(size)))
		require.NoError(t, err)
		n := 0
		for item, err := range seq {
			require.NoError(t, err)
			require.True(t, bytes.Equal(bytes.Repeat([]byte{byte(n)}, size), item))
			n++
		}
		require.Equal(t, 7, n)
	}
}

// Two streams at once: of two workers, and of one that runs several asynchronous functions.
func TestScriptsStreamSideBySide(t *testing.T) {
	eachScript(t, func(t *testing.T, cfg procpool.Config, language int) {
		needsProgram(t, cfg)
		cfg.OnOutput = func(procpool.Line) {}
		for _, width := range []int{1, 2} {
			cfg.Workers, cfg.Concurrency = 3-width, width
			p := newPool(t, cfg)
			code := []string{"r = iter(range(1000))", "Array.from({ length: 1000 }, (_, i) => i).values()"}
			var next [2]func() (json.RawMessage, error, bool)
			for i := range next {
				seq, err := scriptFlow.Do(bounded(t), p, code[language])
				require.NoError(t, err)
				var stop func()
				next[i], stop = iter.Pull2(seq)
				defer stop()
			}
			for i := range 1000 {
				for _, next := range next {
					item, err, ok := next()
					require.True(t, ok)
					require.NoError(t, err)
					require.Equal(t, fmt.Sprint(i), string(item))
				}
			}
			require.Len(t, p.PIDs(), 3-width)
		}
	})
}

// Streams are called in all the ways of other functions, also from tasks.
func TestScriptsStreamIntoTasks(t *testing.T) {
	eachScript(t, func(t *testing.T, cfg procpool.Config, language int) {
		cfg.Pipelined = true
		needsProgram(t, cfg)
		cfg.Workers = 2
		p := newPool(t, cfg)
		code := []string{"r = iter(range(200))", "Array.from({ length: 200 }, (_, i) => i).values()"}[language]
		sum := func(seq iter.Seq2[json.RawMessage, error]) (sum int) {
			for item, err := range seq {
				require.NoError(t, err)
				var n int
				require.NoError(t, json.Unmarshal(item, &n))
				sum += n
			}
			return sum
		}
		eight := func(yield func(string) bool) {
			for i := 0; i < 8 && yield(code); i++ {
			}
		}
		for seq, err := range scriptFlow.Map(bounded(t), p, eight) {
			require.NoError(t, err)
			require.Equal(t, 199*100, sum(seq))
		}
		sums := quartet.Map(bounded(t), quartet.Inline(), eight, func(ctx context.Context, code string) (int, error) {
			seq, err := scriptFlow.Do(ctx, p, code)
			if err != nil {
				return 0, err
			}
			return sum(seq), nil
		})
		for n, err := range sums {
			require.NoError(t, err)
			require.Equal(t, 199*100, n)
		}
		seq, err := scriptFlow.Do(bounded(t), p, code) // a loop that calls the same pool
		require.NoError(t, err)
		for _, err := range seq {
			require.NoError(t, err)
			_, err = scriptRun.Do(bounded(t), p, "1")
			require.NoError(t, err)
		}
		require.Equal(t, uint64(0), p.Stats().Failed)
	})
}
