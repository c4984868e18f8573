package runtimes

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// ms is so many milliseconds.
func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

func TestRowsAreHeldAgainstRealOnes(t *testing.T) {
	only(t, map[string]string{
		"node":        says("22.1.0", false),
		"python3":     says("3.14.0", true), // no model of a lock is like it
		"python3.12":  says("3.12.1", false),
		"python3.13":  says("3.13.0", false),
		"python3.13t": says("3.13.0", true),
	})
	in, err := Find(1000, []string{Auto})
	require.NoError(t, err)
	defer func() { require.NoError(t, in.Close()) }()
	against := func(workload string, bar result.Figure) map[string]string {
		table := result.Table{Name: workload, BarOf: bar}
		for i, model := range []string{"inline", "loop", "loop+gil thread", "gil threads"} {
			table.Rows = append(table.Rows,
				result.Row{Model: model, Name: model, Wall: ms(10 * i), P50: ms(i), P99: ms(i)})
		}
		for _, m := range in.Models {
			table.Rows = append(table.Rows,
				result.Row{Model: m.Name, Name: m.Name, Kind: m.Kind, Wall: ms(15), P50: ms(4), P99: ms(5)})
		}
		in.Complete(&table)
		require.Empty(t, table.Remarks)
		all := make(map[string]string)
		for _, r := range table.Rows {
			if len(r.Against) > 0 {
				all[r.Model] = r.Comparison()
			}
		}
		return all
	}
	require.Equal(t, map[string]string{
		"loop":            "node: p50 × 0.25, p99 × 0.20; python 3.12 asyncio: p50 × 0.25, p99 × 0.20",
		"loop+gil thread": "python 3.12 to_thread: p50 × 0.50, p99 × 0.40",
		"gil threads":     "python 3.12 threads: p50 × 0.75, p99 × 0.60",
	}, against("mixed", result.P99))
	require.Equal(t, map[string]string{
		"loop":            "node: p50 × 0.25, per second × 1.50; python 3.12 asyncio: p50 × 0.25, per second × 1.50",
		"loop+gil thread": "python 3.12 to_thread: p50 × 0.50, per second × 0.75",
		"gil threads":     "python 3.12 threads: p50 × 0.75, per second × 0.50",
	}, against("wait", result.Wall))
	require.Len(t, against("crunch", result.Wall), 3)
	require.Len(t, against("chat", result.P99), 3)
	require.Empty(t, against("cost", result.Wall))

	in.Typical()
	for _, m := range in.Models {
		require.NotRegexp(t, "3.1[34]", m.Name)
	}
	require.Len(t, in.Models, 2+4)
	require.Len(t, in.Languages, 5)
	meant := in.Twins()
	require.Equal(t, "python 3.12 threads", meant["gil threads"])
	require.Equal(t, "python 3.12 threads", meant["python threads"])
	require.Equal(t, "node", meant["node"])
	require.Equal(t, []string{"python 3.12", "python 3.13"}, []string{meant["oldest python"], meant["newest python"]})
}

// A row that differs from a real one by more than half in the median does not stand for it, and
// says so.
func TestARowThatDiffersStandsForNothing(t *testing.T) {
	in := &Installed{pairs: []pair{{twin{"loop", "Node"}, "node"}, {twin{"loop", "asyncio"}, "python"}}}
	like := func(node, python time.Duration) string {
		table := result.Table{Name: "wait", Rows: []result.Row{
			{Model: "loop", Like: "Node; asyncio", P50: 100},
			{Model: "node", P50: node},
			{Model: "python", P50: python},
		}}
		in.Complete(&table)
		return table.Rows[0].Like
	}
	require.Equal(t, "Node; asyncio", like(140, 70))
	require.Equal(t, "Node; here unlike asyncio", like(100, 160))
	require.Equal(t, "here unlike Node; asyncio", like(60, 100))
	noisy := result.Table{
		Name: "wait",
		Rows: []result.Row{{Model: "loop", Like: "Node", P50: 100, Noisy: true}, {Model: "node", P50: 1}},
	}
	in.Complete(&noisy)
	require.Equal(t, "perhaps Node", noisy.Rows[0].Like, "the difference may be that of other programs")
}
