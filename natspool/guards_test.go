package natspool_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/natspool"
	"github.com/quartet-go/quartet/workerpool"
)

// A pool that New has not made says so at every call.
func TestAZeroPoolPanics(t *testing.T) {
	for _, p := range []*natspool.Pool{nil, {}} {
		for name, call := range map[string]func(){
			"SubmitCall": func() { _, _ = half.Do(t.Context(), p, 2) },
			"Ahead":      func() { p.Ahead() },
			"Name":       func() { _ = p.Name() },
			"Stats":      func() { p.Stats() },
			"Nodes":      func() { _, _ = p.Nodes(t.Context()) },
			"Shutdown":   func() { _ = p.Shutdown(t.Context()) },
			"Close":      func() { _ = p.Close() },
		} {
			require.PanicsWithValue(t, "natspool: a Pool that New has not made", call, name)
		}
	}
}

func TestAZeroNodePanics(t *testing.T) {
	for _, n := range []*natspool.Node{nil, {}} {
		for name, call := range map[string]func(){
			"ID":       func() { _ = n.ID() },
			"Shutdown": func() { _ = n.Shutdown(t.Context()) },
			"Close":    func() { _ = n.Close() },
		} {
			require.PanicsWithValue(t, "natspool: a Node that Serve has not made", call, name)
		}
	}
}

// What New and Serve need, and do not get, is named.
func TestNilArguments(t *testing.T) {
	nc := serverOf(t)
	pool := workerpool.New(workerpool.Config{Workers: 1})
	defer func() { require.NoError(t, pool.Close()) }()
	_, err := natspool.New(nil, natspool.Config{})
	require.ErrorContains(t, err, "New with a nil connection")
	_, err = natspool.Serve(t.Context(), nil, pool, natspool.NodeConfig{})
	require.ErrorContains(t, err, "Serve with a nil connection")
	_, err = natspool.Serve(t.Context(), nc, nil, natspool.NodeConfig{})
	require.ErrorContains(t, err, "Serve with a nil Executor")
	p, err := natspool.New(nc, natspool.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Close()) }()
	var none context.Context
	require.PanicsWithValue(t, "quartet: Do with a nil Context", func() { _, _ = half.Do(none, p, 2) })
	require.PanicsWithValue(t, "natspool: Shutdown with a nil Context", func() { _ = p.Shutdown(none) })
	require.PanicsWithValue(t, "natspool: Nodes with a nil Context", func() { _, _ = p.Nodes(none) })
	n, err := natspool.Serve(t.Context(), nc, pool, natspool.NodeConfig{})
	require.NoError(t, err)
	defer func() { require.NoError(t, n.Close()) }()
	require.PanicsWithValue(t, "natspool: Node.Shutdown with a nil Context", func() { _ = n.Shutdown(none) })
	var absent quartet.Func[int, int]
	require.Panics(t, func() { _, _ = absent.Do(t.Context(), p, 2) })
}
