package main

import (
	"flag"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// TestMain is also the node's: the program starts itself with flags.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-node" {
		flag.CommandLine = flag.NewFlagSet("cluster", flag.ExitOnError)
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

func TestAKilledNodeCostsWhatItRan(t *testing.T) {
	var out strings.Builder
	require.NoError(t, demo(t.Context(), 400, &out))
	t.Log(out.String())
	require.Contains(t, out.String(), "Idempotent: 200 done, 0 lost\n")
	m := regexp.MustCompile(`others: +(\d+) done, (\d+) lost with node 2`).FindStringSubmatch(out.String())
	require.NotNil(t, m)
	done, err := strconv.Atoi(m[1])
	require.NoError(t, err)
	gone, err := strconv.Atoi(m[2])
	require.NoError(t, err)
	require.Equal(t, 200, done+gone)
	require.LessOrEqual(t, gone, 3*slots, "what ran there, and what was fetched ahead")
}
