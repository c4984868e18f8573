package runtimes

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// mixed is a load with a chain, for a moment.
func mixed() load.Scenario {
	sc := load.Scenario{
		Chain: load.Ask{Label: "work", Heavy: true, Compute: time.Millisecond},
		For:   50 * time.Millisecond,
	}
	for at := range 10 {
		sc.Requests = append(sc.Requests, load.Timed{At: time.Duration(at) * 5 * time.Millisecond, Counts: true})
	}
	return sc
}

// opened finds one program, and is its first row.
func opened(t *testing.T, program string) (*Installed, load.Model) {
	t.Helper()
	in, err := Find(1000, []string{program})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, in.Close()) })
	require.NotEmpty(t, in.Models, in.Notes)
	return in, in.Models[0]
}

// remarks are what a table hears of the runtimes.
func remarks(in *Installed) []string {
	var table result.Table
	in.Complete(&table)
	return table.Remarks
}

// A runtime that says its version and then does no more costs its rows, and nothing else.
func TestOneThatDoesNotStartIsLeftOut(t *testing.T) {
	only(t,
		map[string]string{"python3": `case "$2" in *print*) ` + says("3.12.1", false) +
			` ;; *) echo "shim: no room" >&2; exit 1 ;; esac`})
	in, m := opened(t, "python3")
	require.False(t, m.Failed())
	s := load.Measure(m, load.Setup{}, mixed(), load.Spinner{PerMillisecond: 1000}.Job)
	require.Positive(t, s.Sent)
	require.Zero(t, s.Answered)
	require.True(t, m.Failed())
	require.Equal(t, []string{"python asyncio is left out from here on: shim: no room"}, remarks(in))
	require.Empty(t, remarks(in), "it is said once")
}

// One that dies in the middle fails its requests, and all later ones.
func TestOneThatDiesLaterIsLeftOut(t *testing.T) {
	real, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	real, err = filepath.Abs(real)
	require.NoError(t, err)
	pid := filepath.Join(t.TempDir(), "pid")
	fake(t, map[string]string{"python3": fmt.Sprintf(`case "$2" in *print*) exec "%s" "$@" ;; esac
"%[1]s" "$@" & child=$!
trap 'echo "shim: no more" >&2; kill -9 $child; exit 1' TERM
echo $$ >"%s"
wait $child`, real, pid)})
	in, m := opened(t, "python3")
	server := m.Open(load.Setup{})
	answers := make(chan error, 100)
	ask := func(d time.Duration) {
		server.Serve(context.Background(), load.Request{Job: load.Job{Wait: d}}, func(err error) { answers <- err })
	}
	ask(time.Millisecond)
	require.NoError(t, <-answers)
	ask(time.Hour)
	text, err := os.ReadFile(pid)
	require.NoError(t, err)
	shim, err := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	require.NoError(t, exec.Command("kill", strconv.Itoa(shim)).Run())
	require.ErrorIs(t, <-answers, errGone)
	for range 10 {
		ask(0)
		require.Error(t, <-answers)
	}
	require.False(t, m.Failed())
	server.Shut()
	require.True(t, m.Failed())
	require.Equal(t, []string{"python asyncio is left out from here on: shim: no more"}, remarks(in))
}

func listening(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

// connected is a client, and the far end of its connection.
func connected(t *testing.T) (*client, net.Conn) {
	t.Helper()
	ln := listening(t)
	c, err := dial(ln.Addr().(*net.TCPAddr).Port, 1)
	require.NoError(t, err)
	far, err := ln.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _ = far.Close() })
	return c, far
}

// Whatever else comes over the connection ends it.
func TestAnAnswerThatIsNone(t *testing.T) {
	c, far := connected(t)
	answers := make(chan error)
	c.serve(t.Context(), load.Request{}, func(err error) { answers <- err })
	_, err := far.Write([]byte("hello\n"))
	require.NoError(t, err)
	require.EqualError(t, <-answers, `runtimes: an answer that is none: "hello"`)
	require.EqualError(t, c.close(), `runtimes: an answer that is none: "hello"`)
}

func TestACrewThatNobodyAnswers(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := hire(ctx, listening(t).Addr().(*net.TCPAddr).Port, 1, 3)
	require.ErrorIs(t, err, context.Canceled)
}

// Requests beyond the connections wait for one, in their order, and a connection that ends fails
// them.
func TestACrewHasOneRequestPerConnection(t *testing.T) {
	c, far := connected(t)
	k := &crew{all: []*client{c}, idle: []*client{c}}
	answers := make(chan string, 3)
	for _, name := range []string{"a ", "b ", "c "} {
		k.serve(t.Context(), load.Request{}, func(err error) { answers <- fmt.Sprint(name, err) })
	}
	lines := bufio.NewScanner(far)
	for i, want := range []string{"a <nil>", "b <nil>"} {
		require.True(t, lines.Scan())
		require.Contains(t, lines.Text(), fmt.Sprintf(`"id":%d`, i+1))
		_, err := fmt.Fprintln(far, i+1)
		require.NoError(t, err)
		require.Equal(t, want, <-answers)
	}
	require.NoError(t, far.Close())
	require.Contains(t, <-answers, "c ")
	require.ErrorIs(t, k.close(), errGone)
}

func TestComplaints(t *testing.T) {
	for stderr, want := range map[string]string{
		"":                            "",
		"\nshim: not found\nsee help": "shim: not found",
		"Traceback (most recent call last):\n  File x\nValueError: seven\n": "ValueError: seven",
		"/tmp/server.js:1\n^\n\nReferenceError: x is not defined\n    at y": "ReferenceError: x is not defined",
	} {
		require.Equal(t, want, complaint(stderr))
	}
}
