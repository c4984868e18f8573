package natspool_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/natspool"
	"github.com/quartet-go/quartet/workerpool"
)

// drawn has another type in the program of role "old".
type drawn struct{ Width, Height int }

var shape *quartet.Func[drawn, int]

func init() {
	if os.Getenv("NATSPOOL_ROLE") == "old" {
		quartet.Define("natspool_test.shape",
			func(_ context.Context, in struct{ Width string }) (int, error) { return len(in.Width), nil })
		return
	}
	shape = quartet.Define("natspool_test.shape", func(_ context.Context, in drawn) (int, error) {
		return in.Width * in.Height, nil
	})
}

func nodeWith(t testing.TB, url string, slots int, functions ...string) *natspool.Node {
	ex := workerpool.New(workerpool.Config{Workers: slots})
	t.Cleanup(func() { _ = ex.Close() })
	cfg := faultNode()
	cfg.Slots, cfg.Functions = slots, functions
	n, err := natspool.Serve(t.Context(), client(t, url), ex, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = n.Close() })
	return n
}

// Two programs side by side: a node runs the functions that it has, and leaves the rest to the
// other.
func TestVersionsSideBySide(t *testing.T) {
	srv := serverProcess(t, t.TempDir(), "127.0.0.1:0")
	nodeWith(t, srv.said, 2, half.Name())
	newer := nodeWith(t, srv.said, 1, half.Name(), text.Name())
	p, err := natspool.New(client(t, srv.said), faultPool())
	require.NoError(t, err)
	defer p.Close()
	halves, texts := 0, 0
	var fs []func() error
	for i := range 300 {
		f, g := half.Go(t.Context(), p, 2*i), text.Go(t.Context(), p, "x")
		fs = append(fs, func() error {
			if _, err := f.Await(t.Context()); err != nil {
				return err
			}
			halves++
			_, err := g.Await(t.Context())
			texts++
			return err
		})
	}
	for _, f := range fs {
		require.NoError(t, f())
	}
	require.Equal(t, 300, halves)
	require.Equal(t, 300, texts)

	// With the newer one gone, its function is nobody's.
	require.NoError(t, newer.Shutdown(t.Context()))
	began := time.Now()
	_, err = text.Do(t.Context(), p, "x")
	require.ErrorIs(t, err, quartet.ErrNoBody)
	require.ErrorContains(t, err, text.Name())
	require.Less(t, time.Since(began), faultLost)
	_, err = half.Do(t.Context(), p, 2)
	require.NoError(t, err)

	// A call that waits for it is run when one comes.
	waits := text.Go(t.Context(), p, "y")
	nodeWith(t, srv.said, 1, half.Name(), text.Name())
	s, err := waits.Await(t.Context())
	require.NoError(t, err)
	require.Equal(t, "y", s)
}

// A node that cannot decode the input leaves the call to others; without any, the error says what
// was wrong.
func TestInputThatDoesNotDecode(t *testing.T) {
	srv := serverProcess(t, t.TempDir(), "127.0.0.1:0")
	old := startRole(t, "old", "NATSPOOL_URL="+srv.said)
	p, err := natspool.New(client(t, srv.said), faultPool())
	require.NoError(t, err)
	defer p.Close()
	_, err = shape.Do(t.Context(), p, drawn{3, 4})
	require.ErrorContains(t, err, shape.Name())
	require.ErrorContains(t, err, "Width")

	nodeWith(t, srv.said, 1, shape.Name())
	for range 10 {
		v, err := shape.Do(t.Context(), p, drawn{3, 4})
		require.NoError(t, err)
		require.Equal(t, 12, v)
	}
	old.kill()
	require.Eventually(t, func() bool {
		infos, err := p.Nodes(t.Context())
		return err == nil && len(infos) == 1
	}, 10*time.Second, 10*time.Millisecond)
	v, err := shape.Do(t.Context(), p, drawn{3, 5})
	require.NoError(t, err)
	require.Equal(t, 15, v)
	require.NoError(t, p.Shutdown(t.Context()))
	s := p.Stats()
	require.Equal(t, s.Submitted, s.Done+s.Failed)
}
