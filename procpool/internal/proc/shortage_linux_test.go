package proc

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// However few descriptors are left, a start succeeds or says that there are too few.
func TestStartsForWantOfDescriptors(t *testing.T) {
	const inside = "QUARTET_TEST_FEW_DESCRIPTORS"
	if os.Getenv(inside) == "" {
		cmd := exec.Command("/proc/self/exe", "-test.run", "^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), inside+"=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return
	}
	limit := syscall.Rlimit{Cur: 40, Max: 40}
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
	for left := range 20 {
		var fill []*os.File
		for {
			f, err := os.Open(os.DevNull)
			if err != nil {
				break
			}
			fill = append(fill, f)
		}
		extra := fill[len(fill)-1] // the highest
		for _, f := range fill[len(fill)-1-left : len(fill)-1] {
			require.NoError(t, f.Close())
		}
		cmd := exec.Command("/proc/self/exe", "-test.run", "^$")
		cmd.ExtraFiles = []*os.File{extra}
		if err := cmd.Start(); err == nil {
			require.NoError(t, cmd.Wait())
		} else {
			require.True(t, Shortage(err), "%d left: %v", left, err)
		}
		for _, f := range fill {
			_ = f.Close()
		}
	}
}
