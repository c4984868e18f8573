// Package steps holds the table of a state machine: which states may follow which. Who owns a state
// guards it; a table takes no lock.
package steps

import (
	"fmt"
	"slices"
)

// Table says which states may follow which. States are small numbers: they index both slices. State
// 0 is the first one. It is a variable that is written once and then only read, so all owners of
// one kind share it.
//
// Invariant: Names and Follows have a place for each state, and no state follows that has none.
type Table[S ~uint8] struct {
	Of      string   // the owner and its package, for the panic: "procpool: a call"
	Names   []string // of the states
	Follows [][]S
}

// Step returns to, the new state. It panics where to may not follow from: a bug of the package that
// owns the table. A step that is not in the table is never ignored: the state that follows would
// hide the bug.
func (t *Table[S]) Step(from, to S) S {
	if !slices.Contains(t.Follows[from], to) {
		panic(fmt.Sprintf("%s cannot go from %s to %s", t.Of, t.Names[from], t.Names[to]))
	}
	return to
}

// Unreachable names the states to which no steps lead from state 0. It is for tests of tables. A
// state that cannot be reached is a row that somebody forgot to lead to, or a state that nobody
// needs.
func (t *Table[S]) Unreachable() (names []string) {
	reached := make([]bool, len(t.Names))
	var reach func(S)
	reach = func(s S) {
		if reached[s] {
			return
		}
		reached[s] = true
		for _, next := range t.Follows[s] {
			reach(next)
		}
	}
	reach(0)
	for s, name := range t.Names {
		if !reached[s] {
			names = append(names, name)
		}
	}
	return names
}
