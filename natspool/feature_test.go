package natspool_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/natspool"
	"github.com/quartet-go/quartet/workerpool"
)

var (
	panics = quartet.Define("natspool_test.panics", func(context.Context, int) (int, error) { panic(errOdd) })
	// until waits for the end of its ctx, and returns the cause.
	until = quartet.Define("natspool_test.until", func(ctx context.Context, _ int) (int, error) {
		begun.Add(1)
		<-ctx.Done()
		return 0, context.Cause(ctx)
	})
	begun atomic.Int64
	about = quartet.Define("natspool_test.about", func(ctx context.Context, _ int) ([]string, error) {
		tenant, _ := ctx.Value(tenantKey{}).(string)
		at, ok := ctx.Deadline()
		near := "none"
		if ok {
			near = "far"
			if left := time.Until(at); left > 50*time.Second && left < 61*time.Second {
				near = "a minute"
			}
		}
		return []string{tenant, near}, nil
	})
	echo = quartet.Define("natspool_test.echo", func(_ context.Context, b []byte) ([]byte, error) { return b, nil })
	text = quartet.Define("natspool_test.text", func(_ context.Context, s string) (string, error) { return s, nil })
	nope = quartet.Declare[int, int]("natspool_test.nope")
)

type tenantKey struct{}

func init() {
	quartet.Propagate("natspool_test.tenant", func(ctx context.Context) []byte {
		tenant, _ := ctx.Value(tenantKey{}).(string)
		return []byte(tenant)
	}, func(ctx context.Context, data []byte) context.Context {
		return context.WithValue(ctx, tenantKey{}, string(data))
	})
}

func TestPanicHasTheRemoteStack(t *testing.T) {
	nc := serverOf(t)
	nodeOf(t, nc, 1)
	_, err := panics.Do(t.Context(), poolOf(t, nc), 0)
	p, ok := errors.AsType[*quartet.PanicError](err)
	require.True(t, ok)
	require.Contains(t, string(p.Stack), "feature_test.go")
	require.ErrorIs(t, err, errOdd)
}

func TestValuesAndDeadlineTravel(t *testing.T) {
	nc := serverOf(t)
	nodeOf(t, nc, 1)
	p := poolOf(t, nc)
	ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), tenantKey{}, "acme"), time.Minute)
	defer cancel()
	said, err := about.Do(ctx, p, 0)
	require.NoError(t, err)
	require.Equal(t, []string{"acme", "a minute"}, said)
	said, err = about.Do(t.Context(), p, 0)
	require.NoError(t, err)
	require.Equal(t, []string{"", "none"}, said)
}

func TestCancelReachesTheNode(t *testing.T) {
	nc := serverOf(t)
	nodeOf(t, nc, 1)
	p := poolOf(t, nc)
	before := begun.Load()
	ctx, cancel := context.WithCancelCause(t.Context())
	f := until.Go(ctx, p, 0)
	require.Eventually(t, func() bool { return begun.Load() > before }, 5*time.Second, time.Millisecond)
	queued := half.Go(ctx, p, 2)
	cancel(errOdd)
	_, err := f.Await(t.Context())
	require.ErrorIs(t, err, errOdd)
	_, err = queued.Await(t.Context())
	require.ErrorIs(t, err, errOdd)
	require.NoError(t, p.Shutdown(t.Context()))
	s := p.Stats()
	require.Equal(t, s.Submitted, s.Done+s.Failed+s.Abandoned)
}

func TestBytesAndStringsTravelAsTheyAre(t *testing.T) {
	nc := serverOf(t)
	nodeOf(t, nc, 1)
	p := poolOf(t, nc)
	for _, size := range []int{0, 1, 100_000, 9 << 20} { // the last one by the object store
		in := bytes.Repeat([]byte{0xfe}, size)
		out, err := echo.Do(t.Context(), p, in)
		require.NoError(t, err)
		require.True(t, bytes.Equal(in, out), size)
	}
	s, err := text.Do(t.Context(), p, "\xff not UTF-8")
	require.NoError(t, err)
	require.Equal(t, "\xff not UTF-8", s)
	require.NoError(t, p.Shutdown(t.Context()))
	require.Empty(t, objects(t, nc), "nothing large is left behind")
}

var (
	grew atomic.Int64
	grow = quartet.Define("natspool_test.grow", func(_ context.Context, size int) ([]byte, error) {
		grew.Add(1)
		return make([]byte, size), nil
	})
)

// While a pool fetches a large output, its node no longer lists the call. That must not look like a
// call whose grant was lost, which is sent again.
func TestACallRunsOnceHoweverLongItsOutputTakes(t *testing.T) {
	const short = 5 * time.Millisecond
	nc := serverOf(t)
	ex := workerpool.New(workerpool.Config{Workers: 2})
	defer ex.Close()
	node, err := natspool.Serve(t.Context(), nc, ex, natspool.NodeConfig{Heartbeat: short, LostAfter: lost})
	require.NoError(t, err)
	defer node.Close()
	p, err := natspool.New(nc, natspool.Config{Heartbeat: short, LostAfter: lost})
	require.NoError(t, err)
	defer p.Close()
	const size = 12 << 20
	before := grew.Load()
	out, err := grow.Do(t.Context(), p, size)
	require.NoError(t, err)
	require.Len(t, out, size)
	require.EqualValues(t, 1, grew.Load()-before)
	require.NoError(t, p.Shutdown(t.Context()))
	require.NoError(t, node.Shutdown(t.Context()))
	require.EqualValues(t, 1, grew.Load()-before)
	require.Empty(t, objects(t, nc))
}

func TestNoBody(t *testing.T) {
	nc := serverOf(t)
	nodeOf(t, nc, 1)
	p := poolOf(t, nc)
	began := time.Now()
	_, err := nope.Do(t.Context(), p, 1)
	require.ErrorIs(t, err, quartet.ErrNoBody)
	require.ErrorContains(t, err, "natspool_test.nope")
	require.Less(t, time.Since(began), lost+2*time.Second)
}

func TestSaturation(t *testing.T) {
	for name, test := range map[string]struct {
		cfg  natspool.Config
		want error
	}{
		"the pool's queue": {natspool.Config{Queue: 3, Saturation: natspool.Reject}, quartet.ErrSaturated},
		"the stream":       {natspool.Config{Backlog: 3, Saturation: natspool.Reject}, quartet.ErrSaturated},
		"the newest":       {natspool.Config{Queue: 3, Saturation: natspool.DropOldest}, quartet.ErrDiscarded},
	} {
		t.Run(name, func(t *testing.T) {
			nc := serverOf(t)
			test.cfg.Heartbeat, test.cfg.LostAfter = beat, lost
			p, err := natspool.New(nc, test.cfg)
			require.NoError(t, err)
			defer p.Close()
			var fs []*quartet.Future[int]
			for i := range 4 {
				fs = append(fs, half.Go(t.Context(), p, 2*i))
			}
			bad := fs[3]
			if test.want == quartet.ErrDiscarded {
				bad = fs[0]
			}
			_, err = bad.Await(t.Context())
			require.ErrorIs(t, err, test.want)
			ex := workerpool.New(workerpool.Config{Workers: 1})
			defer ex.Close()
			n, err := natspool.Serve(t.Context(), nc, ex,
				natspool.NodeConfig{Backlog: test.cfg.Backlog, Heartbeat: beat, LostAfter: lost})
			require.NoError(t, err)
			defer n.Close()
			for _, f := range fs {
				if f != bad {
					_, err := f.Await(t.Context())
					require.NoError(t, err)
				}
			}
		})
	}
}

// A stream that holds three calls takes a hundred, if they wait.
func TestFullStreamWaits(t *testing.T) {
	nc := serverOf(t)
	cfg := natspool.Config{Backlog: 3, Heartbeat: beat, LostAfter: lost}
	p, err := natspool.New(nc, cfg)
	require.NoError(t, err)
	defer p.Close()
	ex := workerpool.New(workerpool.Config{Workers: 2})
	defer ex.Close()
	n, err := natspool.Serve(t.Context(), nc, ex, natspool.NodeConfig{Backlog: 3, Heartbeat: beat, LostAfter: lost})
	require.NoError(t, err)
	defer n.Close()
	var fs []*quartet.Future[int]
	for i := range 100 {
		fs = append(fs, half.Go(t.Context(), p, 2*i))
	}
	for i, f := range fs {
		v, err := f.Await(t.Context())
		require.NoError(t, err)
		require.Equal(t, i, v)
	}
	require.NoError(t, p.Shutdown(t.Context()))
	require.EqualValues(t, 100, p.Stats().Done)
}

func TestConfigIsChecked(t *testing.T) {
	nc := serverOf(t)
	for field, cfg := range map[string]natspool.Config{
		"Name":      {Name: "a.b"},
		"Queue":     {Queue: -1},
		"Replicas":  {Replicas: 2},
		"LostAfter": {Heartbeat: time.Second, LostAfter: 2 * time.Second},
		"Storage":   {Storage: 9},
	} {
		_, err := natspool.New(nc, cfg)
		require.ErrorContains(t, err, "Config."+field)
	}
	p := poolOf(t, nc)
	for field, cfg := range map[string]natspool.Config{
		"Storage":   {Storage: natspool.File, Heartbeat: beat, LostAfter: lost},
		"Backlog":   {Backlog: 7, Heartbeat: beat, LostAfter: lost},
		"LostAfter": {Heartbeat: beat, LostAfter: 2 * lost},
	} {
		_, err := natspool.New(nc, cfg)
		require.ErrorContains(t, err, "Config."+field)
		require.ErrorContains(t, err, "QUARTET_quartet")
	}
	require.NoError(t, p.Close())
}

func TestNodes(t *testing.T) {
	nc := serverOf(t)
	a, b := nodeOf(t, nc, 1), nodeOf(t, nc, 3)
	p := poolOf(t, nc)
	infos, err := p.Nodes(t.Context())
	require.NoError(t, err)
	require.Len(t, infos, 2)
	slots := map[string]int{}
	for _, n := range infos {
		slots[n.ID] = n.Slots
		require.Contains(t, n.Functions, "natspool_test.half")
		require.NotContains(t, n.Functions, "natspool_test.nope")
	}
	require.Equal(t, map[string]int{a.ID(): 1, b.ID(): 3}, slots)
	_, err = half.Do(t.Context(), p, 2)
	require.NoError(t, err)
	require.NoError(t, a.Shutdown(t.Context()))
	infos, err = p.Nodes(t.Context())
	require.NoError(t, err)
	require.Len(t, infos, 1)
	_, err = half.Do(t.Context(), p, 2)
	require.NoError(t, err)
}

func TestOrderOfHandOut(t *testing.T) {
	nc := serverOf(t)
	p := poolOf(t, nc)
	var fs []*quartet.Future[int]
	for i := range 200 {
		fs = append(fs, ordered.Go(t.Context(), p, i))
	}
	order = nil
	nodeOf(t, nc, 1)
	for _, f := range fs {
		_, err := f.Await(t.Context())
		require.NoError(t, err)
	}
	require.IsIncreasing(t, order)
	require.Len(t, order, 200)
}

var (
	order   []int // by the one worker
	ordered = quartet.Define("natspool_test.ordered", func(_ context.Context, i int) (int, error) {
		order = append(order, i)
		return i, nil
	})
)

// A node whose only call waits for calls that it made goes on taking calls while it drains, as
// nobody else would.
func TestShutdownOfTheOnlyNodeInTheMiddleOfAFanOut(t *testing.T) {
	nc := serverOf(t)
	n := nodeOf(t, nc, 1)
	p := poolOf(t, nc)
	f := tree.Go(t.Context(), p, 6)
	require.Eventually(t, func() bool { return grown.Load() > 3 }, 5*time.Second, time.Millisecond)
	require.NoError(t, n.Shutdown(t.Context()))
	v, err := f.Await(t.Context())
	require.NoError(t, err)
	require.Equal(t, 127, v)
}

var (
	grown atomic.Int64
	tree  = quartet.Declare[int, int]("natspool_test.tree")
)

func init() {
	tree.Body(func(ctx context.Context, depth int) (int, error) {
		grown.Add(1)
		if depth == 0 {
			return 1, nil
		}
		ex, _ := quartet.Current(ctx)
		a, b := tree.Go(ctx, ex, depth-1), tree.Go(ctx, ex, depth-1)
		vs, err := quartet.AwaitAll(ctx, a, b)
		if err != nil {
			return 0, err
		}
		return vs[0] + vs[1] + 1, nil
	})
}

func TestAround(t *testing.T) {
	nc := serverOf(t)
	ex := workerpool.New(workerpool.Config{})
	defer ex.Close()
	var infos atomic.Pointer[quartet.Info]
	n, err := natspool.Serve(t.Context(), nc, ex, natspool.NodeConfig{
		Heartbeat: beat, LostAfter: lost,
		Around: func(ctx context.Context, info quartet.Info, run func(context.Context) error) error {
			infos.Store(&info)
			if strings.HasPrefix(info.Label, "bad") {
				return errOdd
			}
			return run(ctx)
		},
	})
	require.NoError(t, err)
	defer n.Close()
	p := poolOf(t, nc)
	v, err := half.Do(quartet.Label(t.Context(), "good"), p, 4)
	require.NoError(t, err)
	require.Equal(t, 2, v)
	require.Equal(t, quartet.Info{Executor: "quartet", Func: "natspool_test.half", Label: "good", Task: 1},
		*infos.Load())
	_, err = half.Do(quartet.Label(t.Context(), "bad"), p, 4)
	require.ErrorIs(t, err, errOdd)
}
