package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// browser is a headless Chromium with one page, driven through its debugging pipe: messages are JSON, each ended by a 0.
type browser struct {
	t       *testing.T
	in      io.Writer
	out     *bufio.Reader
	session string
	id      int
	seen    map[string]bool // events
}

// openBrowser skips the test where no Chromium is installed.
func openBrowser(t *testing.T, url string) *browser {
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium is installed to open the page with")
	}
	theirIn, ourIn, err := os.Pipe()
	require.NoError(t, err)
	ourOut, theirOut, err := os.Pipe()
	require.NoError(t, err)
	cmd := exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--user-data-dir="+t.TempDir(), "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut} // 3 and 4, as the option wants
	require.NoError(t, cmd.Start())
	require.NoError(t, theirIn.Close())
	require.NoError(t, theirOut.Close())
	b := &browser{t: t, in: ourIn, out: bufio.NewReader(ourOut), seen: map[string]bool{}}
	t.Cleanup(func() {
		b.session = ""
		b.call("Browser.close", nil, nil)
		_, _ = io.Copy(io.Discard, ourOut)
		_ = cmd.Wait()
		_, _ = ourIn.Close(), ourOut.Close()
	})
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	b.call("Page.enable", nil, nil)
	b.call("Page.navigate", map[string]any{"url": url}, nil)
	for !b.seen["Page.loadEventFired"] {
		b.receive()
	}
	return b
}

// call sends a command and waits for its result.
func (b *browser) call(method string, params map[string]any, result any) {
	b.id++
	command := map[string]any{"id": b.id, "method": method, "params": params}
	if b.session != "" {
		command["sessionId"] = b.session
	}
	data, err := json.Marshal(command)
	require.NoError(b.t, err)
	_, err = b.in.Write(append(data, 0))
	require.NoError(b.t, err)
	answer := b.receive()
	for answer.ID != b.id {
		answer = b.receive()
	}
	require.Nil(b.t, answer.Error, "%s: %v", method, answer.Error)
	if result != nil {
		require.NoError(b.t, json.Unmarshal(answer.Result, result))
	}
}

// message is the result of a command, or an event.
type message struct {
	ID     int
	Method string
	Result json.RawMessage
	Error  *struct{ Message string }
}

func (b *browser) receive() (m message) {
	line, err := b.out.ReadBytes(0)
	require.NoError(b.t, err)
	require.NoError(b.t, json.Unmarshal(line[:len(line)-1], &m))
	b.seen[m.Method] = true
	return m
}

// eval evaluates an expression in the page, which may be a promise, and returns its value as text.
func (b *browser) eval(expression string) string {
	var answer struct {
		Result           struct{ Value any }
		ExceptionDetails *struct{ Text string }
	}
	b.call("Runtime.evaluate", map[string]any{
		"expression": expression, "awaitPromise": true, "returnByValue": true,
	}, &answer)
	require.Nil(b.t, answer.ExceptionDetails, "%s: %v", expression, answer.ExceptionDetails)
	value, _ := answer.Result.Value.(string)
	return value
}

// until waits, in the page, until the expression is true.
func (b *browser) until(expression string) {
	b.eval(`new Promise(done => {
		const look = () => (` + expression + `) ? done("") : setTimeout(look, 10)
		look()
	})`)
}
