package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/gil"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheWaiterPaysAnIntervalEachTime(t *testing.T) {
	source, err := os.ReadFile("main.go")
	require.NoError(t, err)
	for policy, want := range map[gil.Policy]string{
		gil.Interval(5 * time.Millisecond): "cost 42ms",
		gil.Interval(time.Millisecond):     "cost 11ms",
		gil.Free():                         "cost 0s",
	} {
		var out strings.Builder
		require.NoError(t, show(t.Context(), &out, policy, &quartet.Timeline{}))
		require.Contains(t, out.String(), want)
		for line := range strings.Lines(out.String()) {
			require.Contains(t, string(source), strings.TrimRight("//\t"+line, "\t\n")+"\n", "the comment at the head")
		}
	}
}

func TestThePictureNamesTheConvoy(t *testing.T) {
	timeline := &quartet.Timeline{}
	require.NoError(t, show(t.Context(), io.Discard, gil.CPython38(), timeline))
	file := filepath.Join(t.TempDir(), "convoy.svg")
	require.NoError(t, draw(file, timeline))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Regexp(t, `>io waited 5ms for cpu, \d+ times<`, string(text))
	require.Error(t, draw(filepath.Join(file, "no"), timeline))
}
