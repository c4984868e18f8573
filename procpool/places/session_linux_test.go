package places_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/procpool"
)

// sessionOf returns the session from what /proc/N/stat says of a process.
func sessionOf(stat string) string {
	return strings.Fields(stat[strings.LastIndexByte(stat, ')')+2:])[3]
}

// Without a terminal, workers stay in their parent's session, among which Linux divides the CPUs.
// They have a process group of their own, and no terminal either.
func TestWorkersShareTheSessionWithoutATerminal(t *testing.T) {
	if !inPlace(t, nil, "setsid", "--wait") {
		return
	}
	own, err := os.ReadFile("/proc/self/stat")
	require.NoError(t, err)
	p := newPool(t, procpool.Config{Workers: 1})
	theirs, err := shell.Do(bounded(t), p, "cat /proc/$PPID/stat")
	require.NoError(t, err)
	require.Equal(t, sessionOf(string(own)), sessionOf(theirs))
	fields := strings.Fields(theirs[strings.LastIndexByte(theirs, ')')+2:])
	require.Equal(t, strings.Fields(theirs)[0], fields[2], "the worker leads its group")
	out, err := shell.Do(bounded(t), p, "read x </dev/tty")
	require.Error(t, err, out)
}
