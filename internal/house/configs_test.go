package house_test

import (
	"go/ast"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A field that several Configs share begins with the same sentences in each: who has read one
// package knows it in all others.
func TestSharedFieldsOfConfigsReadAlike(t *testing.T) {
	const task = "a *quartet.PanicError, or quartet.ErrGoexit, when a task, an Abandon or a hook panics or exits."
	begins := map[string]string{
		"Around":       "Around is called around each task, on its goroutine.",
		"CloseWarning": "CloseWarning is the time after which Close logs, once, what it still waits for.",
		"ExactTimes":   "ExactTimes measures every task for Stats. Default: every 64th is measured",
		"InFlight":     "InFlight is how many accepted tasks may be unfinished: queued, running or waiting.",
		"Logger":       "Logger gets the ",
		"OnPanic":      "OnPanic gets " + task,
		"Saturation":   "Saturation is what happens to a submit when Queue",
	}
	const without = "Without it such a panic crashes the program, unless a future carries it to its waiters."
	seen := map[string]int{}
	for _, dir := range []string{"workerpool", "eventloop", "gil", "procpool", "natspool"} {
		for field, text := range fieldsOf(t, dir, "Config") {
			if begin, shared := begins[field]; shared {
				seen[field]++
				require.True(t, strings.HasPrefix(text, begin), "%s.Config: %s", dir, text)
			}
			if field == "OnPanic" {
				require.Contains(t, text, without, dir)
			}
		}
	}
	for field := range begins {
		require.GreaterOrEqual(t, seen[field], 3, field)
	}
}

// fieldsOf are the comments of a struct's exported fields, each in one line.
func fieldsOf(t *testing.T, dir, name string) map[string]string {
	t.Helper()
	comments := map[string]string{}
	for _, file := range parsed(t, dir) {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if fields, ok := spec.Type.(*ast.StructType); ok && spec.Name.Name == name {
				for _, field := range fields.Fields.List {
					for _, id := range field.Names {
						if id.IsExported() {
							comments[id.Name] = strings.Join(strings.Fields(field.Doc.Text()), " ")
						}
					}
				}
			}
			return false
		})
	}
	require.NotEmpty(t, comments, "%s.%s", dir, name)
	return comments
}
