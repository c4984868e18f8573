package places_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

// stops stops its worker.
var stops = quartet.Define("stops", func(context.Context, int) (int, error) {
	if err := syscall.Kill(os.Getpid(), syscall.SIGSTOP); err != nil {
		return 0, err
	}
	select {} // the signal takes effect in a moment
})

// A container has 64 MiB of /dev/shm, which others may have filled, or none, or one that is
// read-only: the crash ledger and the heartbeat need it not.
func TestSharedMemoryFolderThatIsFull(t *testing.T)     { ledgerWithout(t, "size=4k") }
func TestSharedMemoryFolderThatIsReadOnly(t *testing.T) { ledgerWithout(t, "ro") }

func ledgerWithout(t *testing.T, options string) {
	if !inPlace(t, []string{"unshare: ", "mount: "}, "unshare", "-m", "sh", "-c",
		"mount -t tmpfs -o "+options+` tmpfs /dev/shm && export TMPDIR=/dev/shm && exec "$@"`, "sh") {
		return
	}
	_, err := os.MkdirTemp("/dev/shm", "")
	if err == nil {
		err = os.WriteFile("/dev/shm/full", make([]byte, 64<<10), 0o600)
	}
	require.Error(t, err)
	p := newPool(t, procpool.Config{Workers: 1, HangTimeout: 100 * time.Millisecond})
	works(t, p)
	_, err = stops.Do(bounded(t), p, 0)
	require.ErrorIs(t, err, procpool.ErrHung)
	works(t, p)
}

// Without /proc the program is found by the path that started it.
func TestWithoutProc(t *testing.T) {
	if !inPlace(t, []string{"unshare: ", "umount: "}, "unshare", "-m", "sh", "-c", `umount -l /proc && exec "$@"`,
		"sh") {
		return
	}
	_, err := os.Stat("/proc/self")
	require.ErrorIs(t, err, os.ErrNotExist)
	p := newPool(t, procpool.Config{Workers: 1, MemorySoft: 1 << 40})
	works(t, p)
	require.NoError(t, os.Chdir("/"))
	_, err = length.Do(bounded(t), p, "crash")
	var lost *procpool.WorkerLostError
	require.ErrorAs(t, err, &lost)
	works(t, p)
}

// A program whose file is replaced, as a deploy does it, goes on with the file that it was started
// from.
func TestExecutableIsReplaced(t *testing.T) {
	for _, how := range []string{"removed", "replaced"} {
		t.Run(how, func(t *testing.T) {
			if !inPlace(t, nil, "sh", "-c",
				`d=$(mktemp -d); trap 'rm -rf $d' EXIT; cp "$1" $d/program; shift; $d/program "$@"`, "sh") {
				return
			}
			p := newPool(t, procpool.Config{Workers: 1})
			works(t, p)
			exe, err := os.Executable()
			require.NoError(t, err)
			require.NoError(t, os.Remove(exe))
			if how == "replaced" {
				require.NoError(t, os.WriteFile(exe, []byte("another program"), 0o700))
			}
			_, err = length.Do(bounded(t), p, "crash")
			var lost *procpool.WorkerLostError
			require.ErrorAs(t, err, &lost)
			works(t, p)
		})
	}
}

// The current directory may be deleted under a program, and workers start still.
func TestDirectoryIsDeleted(t *testing.T) {
	if !inPlace(t, nil, "sh", "-c", `cd "$(mktemp -d)" && rmdir "$PWD" && exec "$@"`, "sh") {
		return
	}
	_, err := os.Getwd()
	require.Error(t, err)
	works(t, newPool(t, procpool.Config{Workers: 1}))
}

// Paths of the Config are those of the directory in which New was called.
func TestDirectoryIsChangedLater(t *testing.T) {
	if !inPlace(t, nil) {
		return
	}
	exe, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "work"), 0o700))
	require.NoError(t, os.Symlink(exe, filepath.Join(dir, "program")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "script.sh"), []byte("exec ./../program -test.run=^$"), 0o700))
	t.Chdir(dir)
	p := newPool(t, procpool.Config{Workers: 1, Dir: "work", OnOutput: silent})
	t.Chdir("/")
	out, err := shell.Do(bounded(t), p, "pwd -P")
	require.NoError(t, err)
	real, err := filepath.EvalSymlinks(filepath.Join(dir, "work"))
	require.NoError(t, err)
	require.Equal(t, real+"\n", out)
	t.Chdir(dir)
	other := newPool(t, procpool.Config{Workers: 1, Command: []string{"./no program"}, OnOutput: silent})
	t.Chdir("/")
	err = other.Ready(bounded(t))
	require.ErrorContains(t, err, filepath.Join(dir, "no program"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// MemoryHard sees what a worker has started: a process that a call waits for counts as the
// worker's.
func TestMemoryOfChildrenCounts(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip(err)
	}
	p := newPool(t, procpool.Config{Workers: 1, MemoryHard: 150 << 20, OnOutput: silent})
	_, err := shell.Do(bounded(t), p, `python3 -c "import time; x = bytearray(300 << 20); time.sleep(20)"`)
	require.ErrorIs(t, err, procpool.ErrMemory)
	var lost *procpool.WorkerLostError
	require.True(t, errors.As(err, &lost))
	works(t, p)
}
