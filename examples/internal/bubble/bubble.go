// Package bubble tests examples whose output is exact in virtual time.
package bubble

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
)

// Prints runs an example in a testing/synctest bubble, and compares what it prints with lines.
func Prints(t *testing.T, run func(context.Context, io.Writer) error, lines ...string) {
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
