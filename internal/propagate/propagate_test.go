package propagate_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/internal/propagate"
)

type key string

// carry registers a name whose value is the context's, as bytes.
func carry(name string) {
	propagate.Register(name,
		func(ctx context.Context) []byte { data, _ := ctx.Value(key(name)).([]byte); return data },
		func(ctx context.Context, data []byte) context.Context { return context.WithValue(ctx, key(name), data) })
}

func init() {
	for _, name := range []string{"tenant", "trace", strings.Repeat("x", propagate.MaxName)} {
		carry(name)
	}
}

func TestRoundTrip(t *testing.T) {
	require.True(t, propagate.Any())
	require.Empty(t, propagate.Append(nil, t.Context()), "nothing travels of a context without values")

	ctx := context.WithValue(t.Context(), key("trace"), []byte("00-4bf9"))
	ctx = context.WithValue(ctx, key("tenant"), []byte{}) // empty, which is not none
	ctx = context.WithValue(ctx, key("unheard"), []byte("of"))
	data := propagate.Append([]byte("before"), ctx)
	data, found := bytes.CutPrefix(data, []byte("before"))
	require.True(t, found)

	values, err := propagate.Parse(data)
	require.NoError(t, err)
	require.Equal(t, []propagate.Value{{Name: "tenant", Data: []byte{}}, {Name: "trace", Data: []byte("00-4bf9")}},
		values)

	far, err := propagate.Apply(t.Context(), data)
	require.NoError(t, err)
	clear(data) // the far side owns its copies
	require.Equal(t, []byte("00-4bf9"), far.Value(key("trace")))
	require.Equal(t, []byte{}, far.Value(key("tenant")))
}

func TestUnknownNamesAreLeftOut(t *testing.T) {
	far := propagate.Extract(t.Context(), []propagate.Value{{Name: "unheard", Data: []byte("of")}})
	require.Nil(t, far.Value(key("unheard")))
}

func TestNonsenseIsRefused(t *testing.T) {
	none := func(context.Context) []byte { return nil }
	same := func(ctx context.Context, _ []byte) context.Context { return ctx }
	for _, name := range []string{"", "trace", strings.Repeat("y", propagate.MaxName+1)} {
		require.Panics(t, func() { propagate.Register(name, none, same) }, "%.10q", name)
	}
	require.Panics(t, func() { propagate.Register("no inject", nil, same) })
	require.Panics(t, func() { propagate.Register("no extract", none, nil) })
	propagate.Register("loses the context", none, func(context.Context, []byte) context.Context { return nil })
	require.PanicsWithValue(t, `quartet: the extract function of Propagate("loses the context") returned a nil context`,
		func() {
			propagate.Extract(t.Context(), []propagate.Value{{Name: "loses the context"}})
		})
}

// What Parse accepts, it gives back; nothing else makes it take memory or panic.
func FuzzParse(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x05trace\x0200"))
	f.Add([]byte("\x05trace\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Add([]byte("\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		values, err := propagate.Parse(data)
		size := 0
		for _, v := range values {
			size += len(v.Name) + len(v.Data)
			require.NotEmpty(t, v.Name)
		}
		if err == nil {
			require.LessOrEqual(t, size, len(data))
		}
	})
}
