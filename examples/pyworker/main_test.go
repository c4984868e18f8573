package main

import (
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lines collects lines that several goroutines write.
type lines struct {
	mu sync.Mutex
	strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Builder.Write(p)
}

func TestPythonIsCalledLikeAFunction(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("there is no python3 here: ", err)
	}
	var out lines
	require.NoError(t, run(t.Context(), &out))
	all := strings.Split(strings.TrimSpace(out.String()), "\n")
	var says, results []string // what a worker prints comes on its own time
	for _, line := range all {
		if strings.HasPrefix(line, "worker ") {
			says = append(says, line)
		} else {
			results = append(results, line)
		}
	}
	require.Equal(t, []string{"worker 0 says: model loaded", "worker 0 says: model loaded"}, says,
		"one start, and one after the crash")
	require.Equal(t, []string{
		`"a great day": 2 in 3 words`,
		`"good and bad": 0 in 3 words`,
		`"": ValueError: an empty text has no score`,
		`"segfault": its worker has died: aborted`,
		`"an awful end": -2 in 3 words`,
		"2000 words in a batch",
	}, results)
}
