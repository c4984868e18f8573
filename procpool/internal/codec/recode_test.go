package codec

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/functions"
)

var _ = quartet.Define("codec.anything", func(_ context.Context, v any) (any, error) { return v, nil })

// A broker translates an any with the type in it, which compact writes before the value.
func TestAnAnyIsRecodedWithTheTypeInIt(t *testing.T) {
	f := functions.Lookup("codec.anything")
	for _, recode := range []func([]byte, functions.Codec, []byte, functions.Codec) ([]byte, error){
		f.RecodeInput, f.RecodeOutput,
	} {
		data, err := recode(nil, compact{}, []byte(`[1.5,"a"]`), quartet.JSON{})
		require.NoError(t, err)
		var back any
		require.NoError(t, compact{}.Decode(data, &back))
		require.Equal(t, []any{1.5, "a"}, back)
		data, err = recode(nil, quartet.JSON{}, data, compact{})
		require.NoError(t, err)
		require.JSONEq(t, `[1.5,"a"]`, string(data))
	}
}
