package quartet_test

import (
	"bytes"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The module's packages import the standard library and each other, and nothing else, outside of
// tests.
func TestImportsNothingForeign(t *testing.T) {
	out := goList(t, "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./...")
	require.NotEmpty(t, out)
	for _, path := range out {
		require.True(t, strings.HasPrefix(path, "github.com/quartet-go/quartet"), path)
	}
}

// The root imports none of the executors, and they never each other.
func TestExecutorsDoNotImportEachOther(t *testing.T) {
	executors := []string{"eventloop", "workerpool", "procpool", "gil"}
	for _, of := range append([]string{"."}, executors...) {
		for _, path := range goList(t, "-deps", "./"+of) {
			for _, ex := range executors {
				require.False(t, ex != of && path == "github.com/quartet-go/quartet/"+ex, "%s imports %s", of, path)
			}
		}
	}
}

func goList(t *testing.T, args ...string) []string {
	t.Helper()
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go command is not there to ask: ", err)
	}
	out, err := exec.Command(goTool, append([]string{"list"}, args...)...).Output()
	require.NoError(t, err)
	return strings.Fields(string(out))
}

// A test binary that imports the package has only the goroutines that the test itself needs.
func TestNothingRunsAtImport(t *testing.T) {
	buf := make([]byte, 1<<16)
	for stack := range bytes.SplitSeq(buf[:runtime.Stack(buf, true)], []byte("\n\n")) {
		created := bytes.Contains(stack, []byte("created by github.com/quartet-go"))
		require.False(t, created, string(stack))
	}
}
