package main

import (
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
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out))
	require.Equal(t, strings.Join([]string{
		"good        4 <nil>",
		"panic       panicked: unexpected end of input",
		"exit        its worker ended with exit code 3",
		"good again  10 <nil>",
		"",
	}, "\n"), out.String())
}
