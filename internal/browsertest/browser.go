package browsertest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
)

// browser is a headless Chromium, driven through its debugging pipe: messages are JSON, each ended
// by a 0. One goroutine at a time may use it, so tests with pages do not run in parallel.
type browser struct {
	cmd     *exec.Cmd
	profile string // a directory
	in      io.WriteCloser
	out     io.ReadCloser
	answers *bufio.Reader // of out
	id      int
	loaded  map[string]bool // sessions whose page has been loaded
	free    []tab           // of tests that have ended
}

// tab is a window of the browser.
type tab struct {
	session string // of the debugging protocol
	target  string
}

// The browser of this test binary. running is nil before the first page; main says that Main runs,
// so that somebody closes it.
var (
	running *browser
	main    bool
)

// Main is for a package's TestMain, in place of the *testing.M that it embeds:
//
//	goleak.VerifyTestMain(browsertest.Main{M: m})
type Main struct{ *testing.M }

// Run runs the tests and closes the browser.
func (m Main) Run() int {
	main = true
	code := m.M.Run()
	if running != nil {
		if err := running.close(); err != nil {
			fmt.Fprintln(os.Stderr, "browsertest:", err)
			code = max(code, 1)
		}
		running = nil
	}
	return code
}

// shared returns the browser, which the first call starts.
func shared(t *testing.T) *browser {
	t.Helper()
	if !main {
		t.Fatal("browsertest: TestMain does not run browsertest.Main, which closes the browser")
	}
	if running == nil {
		path, err := find()
		if err != nil {
			t.Skip(err)
		}
		running, err = start(path)
		must(t, err)
	}
	return running
}

func find() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no Chromium is installed to open the page with")
}

// start starts a browser. A tab behind another one has to work as fast as one in front: tests have
// several open.
func start(path string) (*browser, error) {
	profile, err := os.MkdirTemp("", "browsertest")
	if err != nil {
		return nil, err
	}
	theirIn, ourIn, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	ourOut, theirOut, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--in-process-gpu",
		"--disable-dev-shm-usage", "--disable-background-timer-throttling", "--disable-renderer-backgrounding",
		"--disable-features=BackForwardCache", // the page that a tab leaves ends
		"--user-data-dir="+profile, "--remote-debugging-pipe", "--no-startup-window")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut} // 3 and 4, as the option wants
	err = cmd.Start()
	_, _ = theirIn.Close(), theirOut.Close()
	return &browser{
		cmd: cmd, profile: profile, in: ourIn, out: ourOut, answers: bufio.NewReader(ourOut),
		loaded: map[string]bool{},
	}, err
}

// close ends the browser and removes its profile.
func (b *browser) close() error {
	_, err := b.call("", "Browser.close", nil)
	_, _ = io.Copy(io.Discard, b.out)
	_ = b.cmd.Wait() // Chromium's exit code says nothing
	_, _ = b.in.Close(), b.out.Close()
	return errors.Join(err, os.RemoveAll(b.profile))
}

// call sends a command, to a page if there is a session, and waits for its result.
func (b *browser) call(session, method string, params map[string]any) (json.RawMessage, error) {
	b.id++
	command := map[string]any{"id": b.id, "method": method, "params": params}
	if session != "" {
		command["sessionId"] = session
	}
	data, err := json.Marshal(command)
	if err != nil {
		return nil, err
	}
	if _, err := b.in.Write(append(data, 0)); err != nil {
		return nil, err
	}
	for {
		m, err := b.receive()
		switch {
		case err != nil:
			return nil, err
		case m.ID != b.id: // an event, or the answer to a page that has been closed
		case m.Error != nil:
			return nil, fmt.Errorf("%s: %s", method, m.Error.Message)
		default:
			return m.Result, nil
		}
	}
}

// message is the result of a command, or an event.
type message struct {
	ID        int
	SessionID string
	Method    string
	Result    json.RawMessage
	Error     *struct{ Message string }
}

func (b *browser) receive() (m message, err error) {
	line, err := b.answers.ReadBytes(0)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(line[:len(line)-1], &m); err != nil {
		return m, err
	}
	if m.Method == "Page.loadEventFired" {
		b.loaded[m.SessionID] = true
	}
	return m, nil
}
