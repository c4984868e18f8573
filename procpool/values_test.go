package procpool_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

type pair struct {
	A int
	B string
}

// bag has something of each kind.
type bag struct {
	pair
	ID    int64
	Score float64
	Small float32
	Raw   []byte
	List  []string
	Map   map[string]int
	Ptr   *int
	When  time.Time
	Big   *big.Int
	Any   any
}

// returned is scriptRun for results of another type: a name has one type in this program, and any
// in a script.
type returned[T any] struct {
	quartet.Call
	name string
	in   any
	out  T
	err  error
	done chan struct{}
}

func (c *returned[T]) Name() string { return c.name }
func (c *returned[T]) AppendInput(dst []byte, codec quartet.Codec) ([]byte, error) {
	return codec.Append(dst, c.in)
}
func (c *returned[T]) Run(context.Context) {}
func (c *returned[T]) Abandon(cause error) { c.err = cause; close(c.done) }
func (c *returned[T]) Resolve(output []byte, codec quartet.Codec, err error) {
	if c.err = err; err == nil {
		c.err = codec.Decode(output, &c.out)
	}
	close(c.done)
}

// result is what code returns, decoded into a T, as text.
func result[T any](t *testing.T, p *procpool.Pool, code string) (string, error) {
	c := &returned[T]{name: "script.run", in: code, done: make(chan struct{})}
	require.NoError(t, p.SubmitCall(bounded(t), c))
	<-c.done
	return fmt.Sprintf("%#v", c.out), c.err
}

type decode func(t *testing.T, p *procpool.Pool, code string) (string, error)

func TestResultsKeepTheirMeaningOrFail(t *testing.T) {
	t.Parallel()
	ps := inBoth(t)
	const refused = "!" // begins what the error says
	floats, bytes, texts, ints := result[float64], result[[]byte], result[string], result[int64]
	pairs, nothing, anys, lists, keyed := result[pair], result[struct{}], result[any], result[[]string],
		result[map[int]string]
	for _, c := range []struct {
		as           decode
		python, node string
		want         string
	}{
		{floats, "1.5", "1.5", "1.5"},
		{floats, "1", "1", "1"},
		{floats, "-0.0", "-0", "-0"},
		{floats, "5e-324", "5e-324", "5e-324"},
		{floats, "float('nan')", "NaN", "!its result is "},
		{floats, "float('-inf')", "-1/0", "!its result is -"},
		{floats, "None", "undefined", "!float64: it is null"},
		{floats, "None", "null", "!float64: it is null"},
		{floats, "'3'", "'3'", "!cannot unmarshal string"},
		{floats, "True", "true", "!cannot unmarshal bool"},
		{floats, "2**53 + 1", "2n ** 53n + 1n", "!would round"},
		{floats, "2.0**80", "2 ** 80", "1.2089258196146292e+24"},
		{floats, "", "({ valueOf() { return 3; } })", "!is a function"},
		{ints, "2**63 - 1", "2n ** 63n - 1n", "9223372036854775807"},
		{ints, "2**63", "2n ** 63n", "!cannot unmarshal number 9223372036854775808"},
		{ints, "3.0", "", "!cannot unmarshal number 3.0"},
		{ints, "3.5", "3.5", "!cannot unmarshal number 3.5"},
		{ints, "True", "true", "!cannot unmarshal bool"},
		{ints, "1e21", "1e21", "!cannot unmarshal number 1e+21"},
		{ints, "", "9007199254740993", "!cannot unmarshal number 9.007199254740992e+15"},
		{ints, "{1}", "new Set([1])", "!its result is a"},
		{ints, "", "new Map([[1, 2]])", "!its result is a Map"},
		{ints, "", "[1].values()", "!return an array, or Object.fromEntries"},
		{bytes, "b'\\x00\\xff'", "Buffer.from([0, 255])", "[]byte{0x0, 0xff}"},
		{bytes, "bytearray(b'x')", "new Uint8Array([120])", "[]byte{0x78}"},
		{bytes, "memoryview(b'x')", "new Uint8Array([120]).buffer", "[]byte{0x78}"},
		{bytes, "b''", "Buffer.alloc(0)", "[]byte{}"},
		{bytes, "None", "null", "[]byte(nil)"},
		{bytes, "'test'", "'test'", "!it is no bytes, but JSON"},
		{bytes, "[1, 2]", "[1, 2]", "!it is no bytes, but JSON"},
		{bytes, "", "new Float32Array([1])", "!its result is a Float32Array: bytes are a Buffer"},
		{texts, "'h\u00e9\\u2028\U0001f600'", "'h\u00e9\\u2028\U0001f600'", "\"h\u00e9\\u2028\U0001f600\""},
		{texts, "b'test'", "Buffer.from('test')", "!raw bytes, and no string"},
		{texts, "None", "undefined", "!string: it is null"},
		{texts, "'\\ud800'", "'\\ud800'", "!its result holds half of a surrogate pair"},
		{texts, "", "new Date(0)", `"1970-01-01T00:00:00.000Z"`},
		{texts, "", "new Date(NaN)", "!its result is an invalid Date"},
		{texts, "", "Symbol('x')", "!its result is a symbol"},
		{texts, "", "new Error('e')", "!its result is an Error: an error is thrown"},
		{texts, "lambda: 1", "() => 1", "!its result is a function"},
		{pairs, "{'A': 1, 'B': 'x'}", "({ A: 1, B: 'x' })", `procpool_test.pair{A:1, B:"x"}`},
		{pairs, "{'a': 1}", "({ a: 1, B: undefined })", `procpool_test.pair{A:1, B:""}`},
		{pairs, "{'A': 1, 'New': 2}", "({ A: 1, New: 2 })", `procpool_test.pair{A:1, B:""}`},
		{pairs, "{'A': None}", "({ A: null })", "!procpool_test.pair.A: it is null"},
		{pairs, "{'A': float('inf')}", "({ A: Infinity })", "!inf|Infinity"},
		{pairs, "{'B': b'x'}", "({ B: Buffer.from('x') })", "!bytes"},
		{pairs, "{'A': [1]}", "({ A: [1] })", "!cannot unmarshal array into Go struct field pair.A"},
		{pairs, "[1, 'x']", "[1, 'x']", "!cannot unmarshal array"},
		{pairs, "", "new (class { A = 1 })()", `procpool_test.pair{A:1, B:""}`},
		{pairs, "", "new AbortController().signal", "!which has no fields that JSON can carry"},
		{pairs, "", "({ A: 1, B: () => 1 })", "!its result.B is a function"},
		{nothing, "None", "undefined", "struct {}{}"},
		{nothing, "5", "5", "!cannot unmarshal number"},
		{
			anys, "[1, 'x', None, {'a': 1.5}]", "[1, 'x', null, { a: 1.5 }]",
			`[]interface {}{1, "x", interface {}(nil), map[string]interface {}{"a":1.5}}`,
		},
		{anys, "{'id': 2**53 + 1}", "({ id: 2n ** 53n + 1n })", "![id]: it is the integer"},
		{lists, "('a', 'b')", "['a', 'b']", `[]string{"a", "b"}`},
		{lists, "[]", "[]", "[]string{}"},
		{lists, "None", "null", "[]string(nil)"},
		{lists, "['a', None]", "['a', undefined]", "!its result[1] is undefined|[]string[1]: it is null"},
		{keyed, "{1: 'a'}", "({ 1: 'a' })", `map[int]string{1:"a"}`},
		{keyed, "{1: 'a', '1': 'b'}", "", "![1]: the key is there twice"},
		{keyed, "{(1, 2): 'a'}", "", "!its result has a key that is a tuple"},
	} {
		for language, p := range ps {
			code := []string{"r = " + c.python, c.node}[language]
			if []string{c.python, c.node}[language] == "" {
				continue
			}
			got, err := c.as(t, p, code)
			want, fails := strings.CutPrefix(c.want, refused)
			if !fails {
				require.NoError(t, err, code)
				require.Equal(t, want, got, code)
				continue
			}
			require.Error(t, err, "%s gave %s", code, got)
			message := err.Error()
			require.True(t, slices.ContainsFunc(strings.Split(want, "|"), func(one string) bool {
				return strings.Contains(message, one)
			}), "%s: %s", code, message)
		}
	}
}

// languages are pools with a script in Python and in Node, in this order.
type languages []*procpool.Pool

func inBoth(t *testing.T) (ps languages) {
	for _, cfg := range []procpool.Config{procpool.Python("testdata/script.py"), procpool.Node("testdata/script.js")} {
		_, p := runs(t, cfg)
		ps = append(ps, p)
	}
	return ps
}

// echoed sends v to a script that returns it.
func echoed[T any](t *testing.T, p *procpool.Pool, v T) (back T, err error) {
	c := &returned[T]{name: "script.echo", in: v, done: make(chan struct{})}
	if err := p.SubmitCall(bounded(t), c); err != nil {
		return back, err
	}
	<-c.done
	return c.out, c.err
}

func echoes[T any](t *testing.T, ps languages, v T) {
	t.Helper()
	for _, p := range ps {
		back, err := echoed(t, p, v)
		require.NoError(t, err)
		require.Equal(t, v, back)
	}
}

func refuses[T any](t *testing.T, ps languages, want string, v T) {
	t.Helper()
	for _, p := range ps {
		_, err := echoed(t, p, v)
		require.ErrorContains(t, err, want)
	}
}

func TestInputsKeepTheirMeaningOrFail(t *testing.T) {
	t.Parallel()
	ps := inBoth(t)
	echoes(t, ps, int64(math.MaxInt64))
	echoes(t, ps, int64(math.MinInt64))
	echoes(t, ps, int64(1<<60))
	echoes(t, ps, uint64(math.MaxUint64))
	for _, f := range []float64{
		0, math.Copysign(0, -1), 0.1, 1e308, 5e-324, 1 << 60, 123456789012345680000, 1e21,
		math.MaxFloat64,
	} {
		echoes(t, ps, f)
	}
	for _, p := range ps {
		back, err := echoed(t, p, []float64{math.Copysign(0, -1), 0})
		require.NoError(t, err)
		require.Equal(t, []bool{true, false}, []bool{math.Signbit(back[0]), math.Signbit(back[1])}, "the sign of zero")
	}
	echoes(t, ps, float32(0.1))
	echoes(t, ps, "2000-01-02 -0 ")
	echoes(t, ps, []int64{0, -1, -10})
	echoes(t, ps, "h\u00e9llo\x00\u2028<&>\ufffd\U0001f600 \\ud800 12345678901234567890")
	echoes(t, ps, []byte{0, 255})
	echoes(t, ps, []byte{})
	echoes(t, ps, []string{})
	echoes(t, ps, []string(nil))
	echoes(t, ps, map[string]int(nil))
	echoes(t, ps, map[int]string{1: "a", -2: "b"})
	echoes(t, ps, json.Number("123456789012345678901234567890"))
	n, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	seven := 7
	echoes(t, ps, bag{
		pair: pair{1, "x"}, ID: 1<<53 + 1, Score: 1.5, Small: 0.1, Raw: []byte{0, 255}, List: []string{}, Ptr: &seven,
		When: time.Date(2000, 1, 2, 3, 4, 5, 6, time.UTC), Big: n, Any: map[string]any{"a": []any{1.5, "b", nil, true}},
	})
	echoes[any](t, ps, []any{map[string]any{"a": nil}})
	echoes(t, ps, map[string]any{"a": []any{}})

	refuses(t, ps, "float64: it is NaN", math.NaN())
	refuses(t, ps, "bag.Score: it is +Inf", bag{Score: math.Inf(1)})
	refuses(t, ps, "it is a string that is not UTF-8", "bad\xff\xfe")
	refuses(t, ps, "bag.List[0]: it is a string that is not UTF-8", bag{List: []string{"\xff"}})
	refuses(t, ps, "bag.Any[a]: it is bytes in an any", bag{Any: map[string]any{"a": []byte("x")}})
}

// The function's name is in the error.
func TestErrorsOfValuesNameTheFunction(t *testing.T) {
	t.Parallel()
	f := quartet.Declare[float64, pair]("script.named")
	for _, p := range inBoth(t) {
		_, err := f.Do(bounded(t), p, math.NaN())
		require.ErrorContains(t, err, `the input of "script.named"`)
		_, err = f.Do(bounded(t), p, 1)
		require.ErrorContains(t, err, `the output of "script.named": procpool: procpool_test.pair.A: it is null`)
	}
}
