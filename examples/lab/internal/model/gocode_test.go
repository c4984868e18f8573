package model_test

import (
	"bytes"
	"encoding/json"
	"fmt"
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
	var programs []string
	for _, s := range []model.Settings{whole, settings()} {
		program, err := model.GoProgram(s)
		require.NoError(t, err)
		formatted, err := format.Source([]byte(program))
		require.NoError(t, err)
		require.Equal(t, string(formatted), program)
		programs = append(programs, program)
	}
	overGo(t, programs, "list", "-export") // it compiles, and does not link
}

// The program of each station runs: it prints a line for each model, and ends. Under load a model
// may answer none, which the program says. Without -long it is the first station's alone, at a
// tenth of its times.
func TestTheProgramsOfTheStationsRun(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: it runs go build")
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
			if !executortest.Long() {
				program = aTenth(t, program)
			}
			file := filepath.Join(t.TempDir(), "program.exe")
			overGo(t, []string{program}, "build", "-o", file)
			var said, complained bytes.Buffer
			cmd := exec.CommandContext(t.Context(), file)
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

// aTenth is the program with a tenth of the requests, and of the wait for those that are late.
func aTenth(t *testing.T, program string) string {
	t.Helper()
	for _, whole := range []string{"due < 2*time.Second;", "time.Sleep(time.Second)"} {
		require.Contains(t, program, whole)
		program = strings.ReplaceAll(program, whole, strings.ReplaceAll(whole, "time.Second", "time.Second/10"))
	}
	return program
}

// overGo runs a command of go on programs as if each lay in a directory beside this package, in the
// module.
func overGo(t *testing.T, programs []string, command ...string) {
	t.Helper()
	dir := t.TempDir()
	replaced := map[string]string{}
	overlay := filepath.Join(dir, "overlay.json")
	command = append(command, "-overlay", overlay)
	for i, program := range programs {
		name := fmt.Sprint("program", i)
		source := filepath.Join(dir, name+".go")
		require.NoError(t, os.WriteFile(source, []byte(program), 0o600))
		there, err := filepath.Abs(filepath.Join(name, "main.go"))
		require.NoError(t, err)
		replaced[there] = source
		command = append(command, "./"+name)
	}
	data, err := json.Marshal(map[string]any{"Replace": replaced})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(overlay, data, 0o600))
	out, err := exec.CommandContext(t.Context(), "go", command...).CombinedOutput()
	require.NoError(t, err, string(out)+strings.Join(programs, "\n"))
}
