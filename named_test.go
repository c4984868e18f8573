package quartet_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/functions"
)

type indented struct{ quartet.JSON }

func (c indented) Append(dst []byte, v any) ([]byte, error) {
	return c.JSON.Append(append(dst, "  "...), v)
}

func TestTableOfNames(t *testing.T) {
	f := quartet.Declare[int, string]("table.late")
	in := functions.Lookup("table.late")
	require.False(t, in.HasBody())
	f.Body(func(context.Context, int) (string, error) { return "", nil })
	require.True(t, in.HasBody())
	require.Nil(t, functions.Lookup("table.unheard_of"))

	out, err := in.RecodeInput(nil, indented{}, []byte("5"), quartet.JSON{})
	require.NoError(t, err)
	require.Equal(t, "  5", string(out))
	_, err = in.RecodeInput(nil, indented{}, []byte(`"5"`), quartet.JSON{})
	require.ErrorContains(t, err, `decoding for "table.late"`)
	out, err = in.RecodeOutput(nil, indented{}, []byte(`"5"`), quartet.JSON{})
	require.NoError(t, err)
	require.Equal(t, `  "5"`, string(out))

	names := map[string]bool{}
	for name := range functions.All() {
		names[name] = true
	}
	require.True(t, names["table.late"])
}
