// Package bubble tests examples whose output is exact in virtual time.
package bubble

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
)

// Run is an example, which writes its output to a writer.
type Run = func(context.Context, io.Writer) error

// Prints runs an example in a testing/synctest bubble, and compares what it prints with lines.
func Prints(t *testing.T, run Run, lines ...string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		if err := run(t.Context(), &out); err != nil {
			t.Fatal(err)
		}
		if want := strings.Join(lines, "\n") + "\n"; out.String() != want {
			t.Errorf("it prints\n%s\nand not\n%s", out.String(), want)
		}
	})
}

// PrintsItsComment compares what an example prints with the output in the comment at its head.
func PrintsItsComment(t *testing.T, run Run) {
	t.Helper()
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(source), "\npackage main\n")
	var lines []string
	for line := range strings.Lines(head) {
		if shown, ok := strings.CutPrefix(line, "//\t"); ok {
			lines = append(lines, strings.TrimSuffix(shown, "\n"))
		}
	}
	if lines == nil {
		t.Fatal("the comment at its head has no output")
	}
	Prints(t, run, lines...)
}
