package procpool

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestASelfStartedTestBinaryRunsNoTests(t *testing.T) {
	cmd, err := (&worker{pool: &Pool{}}).command()
	require.NoError(t, err)
	require.Contains(t, cmd.Args, "-test.run=^$")
}
