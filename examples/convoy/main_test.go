package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/gil"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheWaiterPaysAnIntervalEachTime(t *testing.T) {
	for policy, want := range map[gil.Policy]string{
		gil.Interval(5 * time.Millisecond): "cost 42ms",
		gil.Interval(time.Millisecond):     "cost 11ms",
		gil.Free():                         "cost 0s",
	} {
		var out strings.Builder
		require.NoError(t, show(t.Context(), &out, policy))
		require.Contains(t, out.String(), want)
	}
}
