package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The programs in the README are run as they stand.
func TestREADMEProgramsRun(t *testing.T) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go command is not there to build the README's programs: ", err)
	}
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	programs := 0
	for i, block := range strings.Split(string(readme), "```go\n")[1:] {
		program, _, closed := strings.Cut(block, "```")
		require.True(t, closed)
		if !strings.HasPrefix(program, "package main") {
			continue
		}
		programs++
		file := filepath.Join(t.TempDir(), "readme"+strconv.Itoa(i)+".go")
		require.NoError(t, os.WriteFile(file, []byte(program), 0o600))
		out, err := exec.Command(goTool, "run", file).CombinedOutput()
		require.NoError(t, err, string(out))
		require.Equal(t, 3, strings.Count(string(out), "144 <nil>\n"), string(out))
	}
	require.Positive(t, programs)
}
