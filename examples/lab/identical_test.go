package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/examples/lab/internal/model"
)

// engine is what engine.js has.
func engine(t *testing.T) (wasm, compressed []byte) {
	t.Helper()
	text := theSite(t)["engine.js"]
	text = bytes.TrimPrefix(text, []byte("Lab.engine = "))
	text = bytes.TrimSuffix(text, []byte("\nLab.ask.start()\n"))
	var parts struct{ Wasm string }
	require.NoError(t, json.Unmarshal(text, &parts))
	compressed, err := base64.StdEncoding.DecodeString(parts.Wasm)
	require.NoError(t, err)
	z, err := gzip.NewReader(bytes.NewReader(compressed))
	require.NoError(t, err)
	wasm, err = io.ReadAll(z)
	require.NoError(t, err)
	return wasm, compressed
}

// questions are all that the page asks, and settings that no station has. Each station's four
// models run and are judged. What else is computed from such runs is the same code at all
// stations, and asked at one.
func questions(t *testing.T) (lines [][]byte) {
	t.Helper()
	add := func(q model.Question) {
		line, err := json.Marshal(q)
		require.NoError(t, err)
		lines = append(lines, line)
	}
	for _, st := range model.Stations {
		s := st.Settings
		add(model.Question{Do: "judge", Station: st.Name, Settings: s})
		add(model.Question{Do: "rates", Settings: s})
		for _, m := range model.Models {
			add(model.Question{Do: "run", Model: m, Settings: s})
		}
	}
	first := model.Stations[0].Settings
	add(model.Question{Do: "where", ID: 7, Settings: first})
	for _, m := range model.Models {
		add(model.Question{Do: "knee", Model: m, Rate: 333, Settings: first})
	}
	all := model.Stations[0].Settings
	all.Script, all.Seed, all.Job = nil, 1<<63+7, 33*time.Millisecond
	for i, v := range model.Verbs {
		all.Script = append(all.Script, model.Step{Do: v, For: time.Duration(i+1) * 700 * time.Microsecond})
	}
	for _, m := range model.Models {
		add(model.Question{Do: "run", Model: m, Settings: all})
	}
	add(model.Question{Do: "go", Settings: all})
	add(model.Question{Do: "steps", Program: "main: timer A 3, post B, tick C\nB: immediate D, microtask E"})
	add(model.Question{Do: "dance"})
	return lines
}

// In a browser the models give the same answers as natively, to the byte.
func TestAnswersAreIdenticalInWebAssembly(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node is installed to run WebAssembly with")
	}
	wasm, _ := engine(t)
	script, err := wasmExec(t.Context())
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "lab.wasm"), wasm, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "wasm_exec.js"), script, 0o600))
	asked := questions(t)
	cmd := exec.CommandContext(t.Context(), node, "testdata/ask.js", filepath.Join(dir, "wasm_exec.js"),
		filepath.Join(dir, "lab.wasm"))
	cmd.Stdin = bytes.NewReader(bytes.Join(asked, []byte("\n")))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	answers := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	require.Len(t, answers, len(asked))
	for i, question := range asked {
		require.Equal(t, string(natively(question)), string(answers[i]), string(question))
	}
}

// The models are small enough to be loaded by a class.
func TestTheModelsAreSmall(t *testing.T) {
	_, compressed := engine(t)
	require.Less(t, len(compressed), 1_800_000)
}
