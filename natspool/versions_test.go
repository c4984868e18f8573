package natspool_test

import (
	"context"
	"os"
	"strconv"
	"strings"
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

// keeper is an executor that takes calls, and ends none before it is told to.
type keeper struct {
	*workerpool.Pool
	got chan quartet.Call
}

func (k keeper) SubmitCall(_ context.Context, c quartet.Call) error {
	k.got <- c
	return nil
}

// servesUntilDark serves functions on an executor that the test ends calls of, until the node is
// out of reach.
func servesUntilDark(t *testing.T, srv string, cfg natspool.NodeConfig) (got chan quartet.Call, dark func()) {
	bad, k := startProxy(t, srv), keeper{workerpool.New(workerpool.Config{}), make(chan quartet.Call, 10)}
	n, err := natspool.Serve(t.Context(), client(t, bad.url()), k, cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		bad.dark.Store(false)
		_ = n.Close()
		_ = k.Close()
	})
	return k.got, func() { bad.dark.Store(true) }
}

// resolves ends c, so that its node can be closed.
func resolves(c quartet.Call) { c.Resolve([]byte("0"), quartet.JSON{}, nil) }

// startsOnce reports that f is lost, and has been started once.
func startsOnce(t *testing.T, f *quartet.Future[int]) {
	_, err := f.Await(t.Context())
	var gone *natspool.NodeLostError
	require.ErrorAs(t, err, &gone)
	require.Equal(t, 1, gone.Attempts)
}

// A refusal is no start: a call that one node has refused is lost with the next one after one.
func TestARefusalIsNoAttempt(t *testing.T) {
	srv := serverProcess(t, t.TempDir(), "127.0.0.1:0")
	nodeWith(t, srv.said, 1, nope.Name()) // it says so, and has no body for it
	p, err := natspool.New(client(t, srv.said), faultPool())
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() })
	require.Eventually(t, func() bool { return p.Ahead() > 2 }, lost, time.Millisecond)
	f := nope.Go(t.Context(), p, 1)
	require.Eventually(t, func() bool { return p.Stats().Running == 1 }, lost, time.Millisecond)
	cfg := faultNode()
	cfg.Functions = []string{nope.Name(), half.Name()}
	got, dark := servesUntilDark(t, srv.said, cfg)
	c := <-got
	t.Cleanup(func() { resolves(c) })
	dark()
	startsOnce(t, f)
}

// Nor is it one when the stream is full, and the call has to be sent again.
func TestAFullStreamIsNoAttempt(t *testing.T) {
	srv := serverProcess(t, t.TempDir(), "127.0.0.1:0")
	nc := client(t, srv.said)
	pool, cfg := faultPool(), faultNode()
	pool.Backlog, cfg.Backlog, cfg.Functions = 1, 1, []string{nope.Name()}
	p, err := natspool.New(nc, pool)
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() })
	all, err := nc.SubscribeSync(">")
	require.NoError(t, err)
	const calls = 10
	var f *quartet.Future[int]
	for i := range calls {
		f = nope.Go(t.Context(), p, i)
	}
	for full := 0; full < calls-1; { // all but the first one are refused by the server
		m, err := all.NextMsg(lost)
		require.NoError(t, err)
		if strings.Contains(string(m.Data), `"err_code"`) {
			full++
		}
	}
	got, dark := servesUntilDark(t, srv.said, cfg)
	for c := range got {
		input, err := c.AppendInput(nil, quartet.JSON{})
		require.NoError(t, err)
		if string(input) == strconv.Itoa(calls-1) {
			t.Cleanup(func() { resolves(c) })
			break
		}
		resolves(c)
	}
	dark()
	startsOnce(t, f)
}
