package main

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

// inVirtualTime is all that -virtual prints and writes.
func inVirtualTime(t *testing.T, args ...string) map[string]string {
	dir := t.TempDir()
	o, err := parse(append(args, "-virtual", "-full", "-json", filepath.Join(dir, "json"), "-csv", filepath.Join(dir, "csv"), "-svg", filepath.Join(dir, "svg")), io.Discard)
	require.NoError(t, err)
	var out strings.Builder
	require.NoError(t, run(t.Context(), o, &out, &progress{io.Discard}))
	all := map[string]string{"out": out.String()}
	for _, name := range []string{"json", "csv", "svg/mixed.svg", "svg/mixed-latency.svg", "svg/wait.svg", "svg/crunch.svg"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		all[name] = string(text)
	}
	return all
}

// golden compares with a file that was looked at.
func golden(t *testing.T, file, got string) {
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, []byte(got)), "%s is not what the program makes; go test ./examples/compare -update writes it:\n%s", file, got)
}

// The same bytes at each run and, by the golden files, on each machine.
func TestVirtualIsExact(t *testing.T) {
	all := inVirtualTime(t)
	for range 3 {
		require.Equal(t, all, inVirtualTime(t))
	}
	require.NotEqual(t, all["csv"], inVirtualTime(t, "-seed", "1")["csv"])
	golden(t, "testdata/virtual.txt", all["out"])
	golden(t, "testdata/virtual.csv", all["csv"])
	// The README's pictures.
	golden(t, "../../docs/mixed.svg", all["svg/mixed.svg"])
	golden(t, "../../docs/mixed-latency.svg", all["svg/mixed-latency.svg"])
}
