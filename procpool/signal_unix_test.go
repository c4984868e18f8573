//go:build unix

package procpool_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

func signalSelf(name string) {
	named := map[string]syscall.Signal{
		"SIGKILL": syscall.SIGKILL, "SIGSEGV": syscall.SIGSEGV,
		"SIGSTOP": syscall.SIGSTOP,
	}[name]
	_ = syscall.Kill(os.Getpid(), named)
}

// exhaustMemory takes more than it may.
func exhaustMemory() {
	_ = syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: 1 << 20, Max: 1 << 20})
	for {
		hoard = append(hoard, make([]byte, 64<<20)...)
	}
}

// escapes starts a process that leaves the worker's group, holds its output, and ends soon after
// it.
var escapes = quartet.Define("escapes", func(context.Context, none) (int, error) {
	cmd := exec.Command("sleep", "3")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return 0, cmd.Start()
})

// stop stops the pool's only worker. It returns when that has stopped: the signal alone leaves its
// threads some time, in which they may begin a call.
func stop(t *testing.T, p *procpool.Pool) {
	var pids []int
	require.Eventually(t, func() bool {
		pids = p.PIDs()
		return len(pids) > 0 && p.Kill(0, syscall.SIGSTOP)
	}, time.Minute, time.Millisecond)
	require.Eventually(t, func() bool { return hasStopped(pids[0]) }, time.Minute, time.Millisecond)
}

// hasStopped reports whether all threads of a process have. Without /proc nothing tells.
func hasStopped(pid int) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, path := range threads {
		stat, _ := os.ReadFile(path)
		_, state, _ := strings.Cut(string(stat), ") ")
		if !strings.HasPrefix(state, "T") {
			return false
		}
	}
	return true
}

// A signal to the whole group reaches the workers: their parent ends them in order. Programs that
// they start keep the default.
func TestScriptsSurviveSignalsToTheGroup(t *testing.T) {
	eachScript(t, func(t *testing.T, cfg procpool.Config, language int) {
		run, p := runs(t, cfg)
		for name, s := range map[string]os.Signal{
			"SIGTERM": syscall.SIGTERM, "SIGINT": syscall.SIGINT, "SIGHUP": syscall.SIGHUP,
		} {
			if signal.Ignored(s) {
				continue // as SIGHUP under nohup: children ignore it, too
			}
			code := strings.NewReplacer("NAME", name, "SHORT", name[3:]).Replace([]string{
				"import signal, subprocess; os.kill(os.getpid(), signal.NAME); time.sleep(.01)\n" +
					"r = subprocess.run(['sh', '-c', 'kill -SHORT $$']).returncode == -signal.NAME",
				"process.kill(process.pid, 'NAME'); new Promise((done) => setTimeout(() => " +
					"done(spawnSync('sh', ['-c', 'kill -SHORT $$']).signal === 'NAME'), 10))",
			}[language])
			v, err := run(code)
			require.NoError(t, err, name)
			require.Equal(t, "true", v, name)
		}
		require.Len(t, p.PIDs(), 1)
	})
}

// A hook may ask for a session, with or without a terminal here.
func TestOnCommandMayAskForASession(t *testing.T) {
	t.Parallel()
	p := newPool(t, procpool.Config{Workers: 1, OnCommand: func(cmd *exec.Cmd) { cmd.SysProcAttr.Setsid = true }})
	v, err := double.Do(bounded(t), p, 21)
	require.NoError(t, err)
	require.Equal(t, 42, v)
}
