package places_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

func TestMain(m *testing.M) {
	procpool.Init()
	if os.Getenv(envPlace) != "" {
		signal.Ignore(os.Interrupt) // until the test listens to it
	}
	os.Exit(m.Run())
}

var (
	double = quartet.Define("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	naps   = quartet.Define("naps", func(_ context.Context, d time.Duration) (int, error) {
		time.Sleep(d)
		return os.Getpid(), nil
	})
	// length is of a document. The document "crash" ends the worker.
	length = quartet.Define("length", func(_ context.Context, document string) (int, error) {
		if document == "crash" {
			os.Exit(3)
		}
		return len(document), nil
	})
	// shell runs a script in the worker.
	shell = quartet.Define("shell", func(_ context.Context, script string) (string, error) {
		out, err := exec.Command("sh", "-c", script).CombinedOutput()
		return string(out), err
	})
)

// envPlace is the name of the test that runs in a place which it has made.
const envPlace = "QUARTET_TEST_PLACE"

// inPlace runs the rest of the test in a process of its own, under the command that makes the
// place: it reports true there. refusals are words of an output that says the system does not allow
// the place.
func inPlace(t *testing.T, refusals []string, place ...string) bool {
	t.Helper()
	if os.Getenv(envPlace) == t.Name() {
		return true
	}
	exe, err := os.Executable()
	require.NoError(t, err)
	args := append(place, exe, "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$", "-test.v",
		"-test.timeout=60s")
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), envPlace+"="+t.Name())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip(err)
	}
	for _, r := range refusals {
		if err != nil && strings.Contains(out.String(), r) {
			t.Skipf("the system refuses the place: %s", out.String())
		}
	}
	require.NoError(t, err, out.String())
	if _, why, skipped := strings.Cut(out.String(), "--- SKIP"); skipped {
		t.Skip(why)
	}
	return false
}

// newPool makes a pool that the test's end closes.
func newPool(t testing.TB, cfg procpool.Config) *procpool.Pool {
	t.Helper()
	p, err := procpool.New(cfg)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

// bounded is a ctx whose end means that the test hangs.
func bounded(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// silent drops the workers' output.
func silent(procpool.Line) {}

// works checks that p runs calls.
func works(t *testing.T, p *procpool.Pool) {
	t.Helper()
	v, err := double.Do(bounded(t), p, 21)
	require.NoError(t, err)
	require.Equal(t, 42, v, fmt.Sprint(p.Stats()))
}
