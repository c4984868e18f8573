package steps

import (
	"testing"

	"github.com/stretchr/testify/require"
)

type light uint8

const (
	red light = iota
	green
	amber
	broken
)

func lights() *Table[light] {
	return &Table[light]{
		Of:      "street: a light",
		Names:   []string{"red", "green", "amber", "broken"},
		Follows: [][]light{red: {green}, green: {amber}, amber: {red}, broken: {}},
	}
}

func TestStep(t *testing.T) {
	table := lights()
	for from := range broken + 1 {
		for to := range broken + 1 {
			if from != broken && to == (from+1)%broken {
				require.Equal(t, to, table.Step(from, to))
				continue
			}
			require.Panics(t, func() { table.Step(from, to) }, "%d to %d", from, to)
		}
	}
	require.PanicsWithValue(t, "street: a light cannot go from red to amber", func() { table.Step(red, amber) })
	require.Zero(t, testing.AllocsPerRun(100, func() { table.Step(red, green) }))
}

func TestUnreachable(t *testing.T) {
	table := lights()
	require.Equal(t, []string{"broken"}, table.Unreachable())
	table.Follows[red] = append(table.Follows[red], broken)
	require.Empty(t, table.Unreachable())
}
