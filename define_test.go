package quartet_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
)

type (
	plain  struct{ A int }
	tree   struct{ Left, Right *tree }
	graph  struct{ Edges map[string][]graph }
	stamp  struct{ At time.Time }
	hidden struct{ secret int }
	nested struct {
		Plain plain
		Deep  struct{ Callback func() }
	}
	boxed     struct{ Err error }
	oddKeys   struct{ ByPlain map[plain]int }
	inSlice   struct{ List []struct{ C chan int } }
	embedding struct{ plain }
)

var _ = hidden{}.secret

var fresh atomic.Int32

// freshName returns a name that is not defined yet. Names are spent for good, and -count runs a
// test more than once.
func freshName(t *testing.T) string { return fmt.Sprintf("%s/%d", t.Name(), fresh.Add(1)) }

// defines returns what Define of a func from T panics with.
func defines[T any](t *testing.T) (message any) {
	t.Helper()
	defer func() { message = recover() }()
	quartet.Define(freshName(t), func(context.Context, T) (T, error) { return *new(T), nil })
	return nil
}

func TestDefineRefusesWhatCannotTravel(t *testing.T) {
	for name, c := range map[string]struct {
		define func(*testing.T) any
		want   string
	}{
		"chan":       {defines[chan int], "chan int is a chan"},
		"func":       {defines[func()], "func() is a func"},
		"error":      {defines[error], "error is an interface"},
		"unexported": {defines[hidden], "quartet_test.hidden.secret is not exported"},
		"nested":     {defines[nested], "quartet_test.nested.Deep.Callback is a func"},
		"in a field": {defines[boxed], "quartet_test.boxed.Err is an interface"},
		"map key":    {defines[oddKeys], "quartet_test.oddKeys.ByPlain has keys of type"},
		"in a slice": {defines[inSlice], "quartet_test.inSlice.List[].C is a chan"},
		"pointer":    {defines[*hidden], ".secret is not exported"},
		"map value":  {defines[map[string]hidden], ".secret is not exported"},
		"complex":    {defines[complex128], "is a complex128"},
		"uintptr":    {defines[uintptr], "is a uintptr"},
	} {
		t.Run(name, func(t *testing.T) {
			message := c.define(t)
			require.NotNil(t, message, "Define must panic")
			require.Contains(t, message, c.want)
			require.Contains(t, message, t.Name(), "the message names the function")
		})
	}
}

func TestDefineAcceptsWhatTravels(t *testing.T) {
	for name, define := range map[string]func(*testing.T) any{
		"struct": defines[plain], "recursive by pointer": defines[tree], "recursive by map": defines[graph],
		"time": defines[time.Time], "time in a struct": defines[stamp], "bytes": defines[[]byte],
		"array": defines[[3]float64], "int keys": defines[map[int]string], "empty": defines[struct{}],
		"any": defines[any], "any map": defines[map[string]any], "any slice": defines[[]any],
		"embedded": defines[embedding], "pointer": defines[*plain], "duration": defines[time.Duration],
	} {
		t.Run(name, func(t *testing.T) { require.Nil(t, define(t)) })
	}
}

func TestDefineChecksBothEnds(t *testing.T) {
	require.Panics(t, func() {
		quartet.Define("define_test.out", func(context.Context, int) (chan int, error) { return nil, nil })
	})
	require.Panics(t, func() {
		quartet.Define("define_test.in", func(context.Context, chan int) (int, error) { return 0, nil })
	})
}

func TestDefinePanicsOnBadNamesAndBodies(t *testing.T) {
	same := func(_ context.Context, n int) (int, error) { return n, nil }
	require.PanicsWithValue(t, "quartet: a defined function needs a name", func() { quartet.Define("", same) })
	require.PanicsWithValue(t, "quartet: a defined function needs a name", func() { quartet.Declare[int, int]("") })
	require.PanicsWithValue(t, `quartet: Define("nil") of a nil func`, func() { quartet.Define[int, int]("nil", nil) })

	twice := freshName(t)
	quartet.Define(twice, same)
	taken := fmt.Sprintf("quartet: the name %q is defined already", twice)
	require.PanicsWithValue(t, taken, func() { quartet.Define(twice, same) })
	require.PanicsWithValue(t, taken, func() { quartet.Declare[string, string](twice) })

	f := quartet.Declare[int, int](freshName(t))
	require.PanicsWithValue(t, fmt.Sprintf("quartet: Body of %q is a nil func", f.Name()), func() { f.Body(nil) })
	f.Body(same)
	require.PanicsWithValue(t, fmt.Sprintf("quartet: %q has a body already", f.Name()), func() { f.Body(same) })
}

// A name that was refused for its types must stay free.
func TestARefusedNameStaysFree(t *testing.T) {
	free := freshName(t)
	require.Panics(t, func() {
		quartet.Define(free, func(context.Context, error) (int, error) { return 0, nil })
	})
	require.NotPanics(t, func() {
		quartet.Define(free, func(context.Context, int) (int, error) { return 0, nil })
	})
}

func TestNoBody(t *testing.T) {
	f := quartet.Declare[int, int](freshName(t))
	_, err := f.Local(t.Context(), 1)
	require.ErrorIs(t, err, quartet.ErrNoBody)
	require.ErrorContains(t, err, f.Name())
	_, err = f.Do(t.Context(), quartet.Inline(), 1)
	require.ErrorIs(t, err, quartet.ErrNoBody)
	_, err = quartet.Invoke(t.Context(), f.Name(), quartet.JSON{}, []byte("1"))
	require.ErrorIs(t, err, quartet.ErrNoBody)
	_, err = quartet.Invoke(t.Context(), "define_test.unheard-of", quartet.JSON{}, []byte("1"))
	require.ErrorIs(t, err, quartet.ErrNoBody)
	require.ErrorContains(t, err, "define_test.unheard-of")
}

var errOdd = errors.New("odd")

var half = quartet.Define("define_test.half", func(_ context.Context, p plain) (plain, error) {
	if p.A%2 != 0 {
		return plain{}, errOdd
	}
	return plain{p.A / 2}, nil
})

func TestInvoke(t *testing.T) {
	out, err := quartet.Invoke(t.Context(), half.Name(), quartet.JSON{}, []byte(`{"A":8}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"A":4}`, string(out))

	_, err = quartet.Invoke(t.Context(), half.Name(), quartet.JSON{}, []byte(`{"A":7}`))
	require.Equal(t, errOdd, err, "the function's own error, as it is")

	for _, bad := range []string{``, `{`, `{"A":"x"}`, `{"A":8}{"A":8}`, `{"A":8} x`, `[]`} {
		_, err = quartet.Invoke(t.Context(), half.Name(), quartet.JSON{}, []byte(bad))
		require.Error(t, err, "input %q", bad)
		require.ErrorContains(t, err, `quartet: decoding the input of "define_test.half"`)
	}
}

// A field that a newer version has added is skipped, unless the Func says that it knows all.
func TestUnknownFieldsAreTheFuncsChoice(t *testing.T) {
	same := func(_ context.Context, p plain) (plain, error) { return p, nil }
	lenient := quartet.Define(freshName(t), same)
	strict := quartet.Define(freshName(t), same, quartet.DisallowUnknownFields())
	chosen := quartet.Define(freshName(t), same, quartet.DisallowUnknownFields(), quartet.WithCodec(quartet.JSON{}))
	out, err := quartet.Invoke(t.Context(), lenient.Name(), quartet.JSON{}, []byte(`{"A":8,"B":1}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"A":8}`, string(out))
	for _, f := range []*quartet.Func[plain, plain]{strict, chosen} {
		_, err = quartet.Invoke(t.Context(), f.Name(), quartet.JSON{}, []byte(`{"A":8,"B":1}`))
		require.ErrorContains(t, err, `unknown field "B"`)
	}
}

func TestJSON(t *testing.T) {
	c := quartet.JSON{}
	out, err := c.Append([]byte("kept "), plain{3})
	require.NoError(t, err)
	require.Equal(t, `kept {"A":3}`, string(out))

	_, err = c.Append(nil, func() {})
	require.Error(t, err)

	var p plain
	require.NoError(t, c.Decode([]byte(` {"A":5} `+"\n"), &p))
	require.Equal(t, plain{5}, p)
	for _, trailing := range []string{`{"A":5}]`, `{"A":5}}`, `{"A":5}x`, `{"A":5} 1`} {
		err = c.Decode([]byte(trailing), &p)
		require.Error(t, err, "what follows the value in %q", trailing)
		require.NotEmpty(t, err.Error(), "the error must say something about %q", trailing)
	}
}

// remote hands calls to Invoke, as a process at the far side would.
type remote struct{ quartet.Executor }

func (r remote) SubmitCall(ctx context.Context, c quartet.Call) error {
	input, err := c.AppendInput(nil, quartet.JSON{})
	if err != nil {
		return err
	}
	out, err := quartet.Invoke(ctx, c.Name(), quartet.JSON{}, input)
	c.Resolve(out, quartet.JSON{}, err)
	c.Resolve(nil, quartet.JSON{}, errors.New("a second outcome is ignored"))
	return nil
}

func TestCallResolves(t *testing.T) {
	got, err := half.Do(t.Context(), remote{}, plain{10})
	require.NoError(t, err)
	require.Equal(t, plain{5}, got)
	_, err = half.Do(t.Context(), remote{}, plain{3})
	require.ErrorIs(t, err, errOdd)
}

// garbled answers with bytes that are no output of the function.
type garbled struct{ quartet.Executor }

func (garbled) SubmitCall(_ context.Context, c quartet.Call) error {
	c.Resolve([]byte("?"), quartet.JSON{}, nil)
	return nil
}

func TestCallNamesABadOutput(t *testing.T) {
	v, err := half.Do(t.Context(), garbled{}, plain{2})
	require.ErrorContains(t, err, fmt.Sprintf("quartet: decoding the output of %q", half.Name()))
	require.Zero(t, v)
}

// sealed brings a binary encoding alone.
type sealed struct{ secret string }

func (s sealed) AppendBinary(dst []byte) ([]byte, error) { return append(dst, s.secret...), nil }

func (s *sealed) UnmarshalBinary(b []byte) error {
	s.secret = string(b)
	return nil
}

func TestABinaryEncodingTravelsWhereACodecKnowsIt(t *testing.T) {
	require.Nil(t, defines[sealed](t))
	_, err := quartet.JSON{}.Append(nil, []sealed{{"x"}})
	require.ErrorContains(t, err, "sealed[].secret is not exported")
}

// backwards is a codec of a function's own.
type backwards struct{ quartet.JSON }

func (c backwards) Append(dst []byte, v any) ([]byte, error) {
	data, err := c.JSON.Append(nil, v)
	slices.Reverse(data)
	return append(dst, data...), err
}

func (c backwards) Decode(data []byte, p any) error {
	data = slices.Clone(data)
	slices.Reverse(data)
	return c.JSON.Decode(data, p)
}

func TestWithCodec(t *testing.T) {
	var seen string
	f := quartet.Define(freshName(t), func(_ context.Context, s string) (string, error) {
		seen = s
		return s + "!", nil
	}, quartet.WithCodec(backwards{}))
	out, err := quartet.Invoke(t.Context(), f.Name(), quartet.JSON{}, []byte(`"cba"`))
	require.NoError(t, err)
	require.Equal(t, "abc", seen)
	require.Equal(t, `"!cba"`, string(out))
	v, err := f.Do(t.Context(), quartet.Serialized(quartet.Inline()), "abc")
	require.NoError(t, err)
	require.Equal(t, "abc!", v)
	require.Panics(t, func() { quartet.WithCodec(nil) })
}
