package runtimes

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// fake puts shell scripts on the PATH, before all else.
func fake(t *testing.T, scripts map[string]string) (dir string) {
	t.Helper()
	if runtime.GOOS == "windows" || runtime.GOOS == "plan9" {
		t.Skip("no shell scripts on " + runtime.GOOS)
	}
	dir = t.TempDir()
	for name, script := range scripts {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700))
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+"/usr/bin"+string(os.PathListSeparator)+"/bin")
	return dir
}

// says is a script that gives an identity, whatever it is asked.
func says(version string, free bool) string {
	return fmt.Sprintf(`echo '{"version": "%s", "build": "%[1]s (main) [GCC]", "free": %t}'`, version, free)
}

// searched is what find makes of the names, with nothing but the fakes on the PATH.
func searched(t *testing.T, programs ...string) (rows, notes []string) {
	t.Helper()
	in, err := Find(1000, programs)
	require.NoError(t, err)
	defer func() { require.NoError(t, in.Close()) }()
	for _, m := range in.Models {
		rows = append(rows, m.Name)
	}
	return rows, in.Notes
}

// only leaves nothing on the PATH but the fakes.
func only(t *testing.T, scripts map[string]string) (dir string) {
	t.Helper()
	dir = fake(t, scripts)
	t.Setenv("PATH", dir)
	return dir
}

func TestEachPythonIsFoundOnce(t *testing.T) {
	dir := only(t, map[string]string{
		"node":        says("22.1.0", false),
		"python3":     says("3.12.1", false),
		"python3.12":  says("3.12.1", false), // a copy
		"python3.13":  says("3.13.0", false),
		"python3.13t": says("3.13.0", true),
		"python3.14t": says("3.14.0", true),
	})
	// as a version manager would
	require.NoError(t, os.Symlink(filepath.Join(dir, "python3.13"), filepath.Join(dir, "python3.11")))
	rows, notes := searched(t, Auto)
	require.Equal(t, []string{
		"node", "node cluster",
		"python 3.12 asyncio", "python 3.12 to_thread", "python 3.12 threads", "python 3.12 processes",
		"python 3.13 asyncio", "python 3.13 to_thread", "python 3.13 threads", "python 3.13 processes",
		"python 3.13t asyncio", "python 3.13t to_thread", "python 3.13t threads", "python 3.13t processes",
		"python 3.14t asyncio", "python 3.14t to_thread", "python 3.14t threads", "python 3.14t processes",
	}, rows)
	require.Equal(t, []string{
		"node: 22.1.0", "python3, python3.12: 3.12.1", "python3.11, python3.13: 3.13.0",
		"python3.13t: 3.13.0, without a global lock", "python3.14t: 3.14.0, without a global lock",
	}, notes)
}

func TestOnePythonNeedsNoVersion(t *testing.T) {
	only(t, map[string]string{"python3.13t": says("3.13.0", true)})
	rows, notes := searched(t, Auto)
	require.Equal(t, []string{"python asyncio", "python to_thread", "python threads", "python processes"}, rows)
	require.Equal(t,
		[]string{"python3.13t: 3.13.0, without a global lock", "node is not installed", "python3 is not installed"},
		notes)
}

func TestPythonsAreToldApartByAsMuchAsItTakes(t *testing.T) {
	for _, c := range []struct {
		a, b program
		want [2]string
	}{
		{
			program{identity: identity{Version: "3.12.1"}},
			program{identity: identity{Version: "3.13.1"}},
			[2]string{"3.12", "3.13"},
		},
		{
			program{identity: identity{Version: "3.13.1"}},
			program{identity: identity{Version: "3.13.1", Free: true}},
			[2]string{"3.13", "3.13t"},
		},
		{
			program{identity: identity{Version: "3.12.1"}},
			program{identity: identity{Version: "3.12.2"}},
			[2]string{"3.12.1", "3.12.2"},
		},
		{
			program{names: []string{"python3"}, identity: identity{Version: "3.12.1", Build: "Debian"}},
			program{names: []string{"/opt/python3"}, identity: identity{Version: "3.12.1", Build: "Conda"}},
			[2]string{"python3", "/opt/python3"},
		},
	} {
		label([]*program{&c.a, &c.b})
		require.Equal(t, c.want, [2]string{c.a.label, c.b.label})
	}
}

func TestWhoIsAskedForIsLookedFor(t *testing.T) {
	dir := only(t, map[string]string{
		"node":       says("22.1.0", false),
		"python3":    says("3.12.1", false),
		"python3.13": says("3.13.0", false),
		"python3.8":  "echo 'shim: python3.8: command not found' >&2; exit 127",
		"python3.9":  "echo 'Traceback (most recent call last):' >&2; echo '  File x' >&2; echo 'ImportError: no json' >&2; exit 1",
		"python3.10": "echo hello",
		"python3.11": "exit 3",
	})
	rows, notes := searched(t, "node", "python3.13t", "python3.13")
	require.Equal(t,
		[]string{"node", "node cluster", "python asyncio", "python to_thread", "python threads", "python processes"},
		rows)
	require.Equal(t, []string{"node: 22.1.0", "python3.13: 3.13.0", "python3.13t is not installed"}, notes)

	path := filepath.Join(dir, "python3.13")
	_, notes = searched(t, path, path, filepath.Join(dir, "python4"))
	require.Equal(t, []string{path + ": 3.13.0", filepath.Join(dir, "python4") + " is not installed"}, notes)

	rows, notes = searched(t, "python3.8", "python3.9", "python3.10", "python3.11")
	require.Empty(t, rows)
	require.Equal(t, []string{
		"python3.8 does not start: shim: python3.8: command not found",
		"python3.9 does not start: ImportError: no json",
		"python3.10 does not start: invalid character 'h' looking for beginning of value",
		"python3.11 does not start: exit status 3",
	}, notes)

	rows, notes = searched(t)
	require.Empty(t, rows)
	require.Empty(t, notes)
	for _, no := range []string{"perl", "", "/usr/bin/"} {
		_, err := Find(1000, []string{"node", no})
		require.EqualError(t, err,
			fmt.Sprintf(`compare: -runtimes: %q is none of auto, node, python3, python3.13 and the like, or a path of one`, no))
	}
}

// A script that leads to the real one is the real one.
func TestAShimIsWhatItLeadsTo(t *testing.T) {
	real, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	real, err = filepath.Abs(real)
	require.NoError(t, err)
	fake(t, map[string]string{"python3": `exec "` + real + `" "$@"`, "python3.15": `exec "` + real + `" "$@"`})
	rows, notes := searched(t, "python3", "python3.15", real)
	require.Equal(t, []string{"python asyncio", "python to_thread", "python threads", "python processes"}, rows)
	require.Contains(t, notes[0], "python3, python3.15, "+real+": 3.")
}
