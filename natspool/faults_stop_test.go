//go:build unix

package natspool_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFaultNodeStopped(t *testing.T) {
	srv := serverProcess(t, t.TempDir(), "127.0.0.1:0")
	nodes := []*process{nodeProcess(t, srv.said), nodeProcess(t, srv.said)}
	l := startLoadOf(t, client(t, srv.said), 50, 0) // long enough that every slot is always taken
	for range rounds(1, 10) {
		lost := l.count("lost")
		l.keepsBusy(2)
		nodes[0].stop()
		time.Sleep(faultLost / 4)
		nodes[0].resume()
		l.runs(20)
		require.Equal(t, lost, l.count("lost"), "a short stop costs nothing")
		l.keepsBusy(2)
		nodes[0].stop()
		l.waitFor("lost", lost+1) // a long one costs what had started there
		l.countsAllLost()
		nodes[0].resume()
	}
	l.end()
}

// stop keeps p from running, until resume.
func (p *process) stop()   { _ = p.Process.Signal(syscall.SIGSTOP) }
func (p *process) resume() { _ = p.Process.Signal(syscall.SIGCONT) }
