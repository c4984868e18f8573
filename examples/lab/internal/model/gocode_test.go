package model_test

import (
	"bytes"
	"encoding/json"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/examples/lab/internal/model"
	"github.com/quartet-go/quartet/internal/executortest"
)

// "Copy as Go" gives programs that compile: one with each verb and a job, and one without.
func TestGoProgramsCompile(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: it runs go build")
	}
	whole := settings()
	whole.Script, whole.Job, whole.Pieces = nil, 100*ms, 20
	for _, v := range model.Verbs {
		whole.Script = append(whole.Script,
			model.Step{Do: v}, model.Step{Do: v, For: 3 * ms}, model.Step{Do: v, For: ms / 8})
	}
	for _, s := range []model.Settings{whole, settings()} {
		program, err := model.GoProgram(s)
		require.NoError(t, err)
		formatted, err := format.Source([]byte(program))
		require.NoError(t, err)
		require.Equal(t, string(formatted), program)
		compile(t, program)
	}
}

// The program of each station (without -long, of the first) runs: it prints a line for each model,
// and ends. Under load a model may answer none, which the program says.
func TestTheProgramsOfTheStationsRun(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: each takes some twelve seconds")
	}
	stations := model.Stations
	if !executortest.Long() {
		stations = stations[:1]
	}
	for _, st := range stations {
		t.Run(st.Name, func(t *testing.T) {
			t.Parallel() // they mostly wait
			program, err := model.GoProgram(st.Settings)
			require.NoError(t, err)
			var said, complained bytes.Buffer
			cmd := exec.CommandContext(t.Context(), compile(t, program))
			cmd.Stdout, cmd.Stderr = &said, &complained
			require.NoError(t, cmd.Run(), complained.String())
			require.Empty(t, complained.String())
			lines := strings.Split(strings.TrimSpace(said.String()), "\n")
			require.Len(t, lines, len(model.Models), said.String())
			for i, m := range model.Models {
				require.Regexp(t, `^`+m+` +(\d+ sent, p50 \S+, p99 \S+|none of \d+ answered)$`, lines[i])
			}
		})
	}
}

// compile builds a program as if it lay beside this package, in the module, and returns its file.
func compile(t *testing.T, program string) string {
	t.Helper()
	dir := t.TempDir()
	source, overlay := filepath.Join(dir, "main.go"), filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(source, []byte(program), 0o600))
	there, err := filepath.Abs("program/main.go")
	require.NoError(t, err)
	replaced, err := json.Marshal(map[string]map[string]string{"Replace": {there: source}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(overlay, replaced, 0o600))
	file := filepath.Join(dir, "program.exe")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "-o", file, "./program")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out)+program)
	return file
}
