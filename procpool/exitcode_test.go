//go:build unix

package procpool_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/procpool"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// A worker that cannot read its pool's hello says by its exit code whether another one could.
func TestExitCodesOfAWorker(t *testing.T) {
	exe, err := os.Executable()
	require.NoError(t, err)
	const marker = "%d:nonce:1:3:4:0"
	for name, c := range map[string]struct {
		version int // of the marker
		hello   wire.Greeting
		code    int
	}{
		"marker": {99, wire.Greeting{}, wire.ExitMismatch},
		"hello":  {wire.Version, wire.Greeting{Magic: wire.Magic, Version: 99}, wire.ExitMismatch},
		"magic":  {wire.Version, wire.Greeting{Magic: "ssh", Version: wire.Version}, wire.ExitProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, w, err := os.Pipe()
			require.NoError(t, err)
			body, err := json.Marshal(c.hello)
			require.NoError(t, err)
			_, err = w.Write(wire.Append(nil, wire.Frame{Type: wire.Hello, Body: body}))
			require.NoError(t, err)
			cmd := exec.Command(exe, "-test.run=^$")
			cmd.Env = append(os.Environ(), wire.EnvMarker+"="+fmt.Sprintf(marker, c.version))
			cmd.ExtraFiles = []*os.File{r, w}
			said, err := cmd.CombinedOutput()
			require.Equal(t, c.code, cmd.ProcessState.ExitCode(), "%v: %s", err, said)
			require.NoError(t, r.Close())
			require.NoError(t, w.Close())
		})
	}
	require.False(t, procpool.IsWorker())
}
