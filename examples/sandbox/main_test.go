package main

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/procpool"
)

func TestMain(m *testing.M) {
	procpool.Init()
	goleak.VerifyTestMain(m)
}

func TestACrashCostsOneCall(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("a worker's memory is watched on Linux alone")
	}
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out))
	require.Equal(t, strings.Join([]string{
		"good         4 bytes",
		"panic        panicked: unexpected end of input",
		"exit         its worker ended with exit code 3",
		"memory       its worker was killed: it took too much memory",
		"spin         its worker was killed: it ran too long",
		"good again   10 bytes",
		"",
		"the same six in a worker pool: the program ended with exit code 3, and all of them are lost",
		"",
	}, "\n"), out.String())
}
