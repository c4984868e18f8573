package natspool_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/natspool"
	"github.com/quartet-go/quartet/natspool/natsembed"
	"github.com/quartet-go/quartet/workerpool"
)

var (
	errOdd = errors.New("natspool_test: odd")
	half   = quartet.Define("natspool_test.half", func(_ context.Context, n int) (int, error) {
		if n%2 != 0 {
			return 0, errOdd
		}
		return n / 2, nil
	})
)

func init() { natspool.RegisterError("natspool_test.odd", errOdd) }

const (
	beat = 100 * time.Millisecond
	lost = 3 * time.Second
)

func serverOf(t testing.TB) *nats.Conn {
	srv, nc, err := natsembed.Start(natsembed.Config{})
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	return nc
}

func nodeOf(t testing.TB, nc *nats.Conn, workers int) *natspool.Node {
	ex := workerpool.New(workerpool.Config{Workers: workers})
	t.Cleanup(func() { _ = ex.Close() })
	n, err := natspool.Serve(t.Context(), nc, ex, natspool.NodeConfig{Slots: workers, Heartbeat: beat, LostAfter: lost})
	require.NoError(t, err)
	t.Cleanup(func() { _ = n.Close() })
	return n
}

func poolOf(t testing.TB, nc *nats.Conn) *natspool.Pool {
	p, err := natspool.New(nc, natspool.Config{Heartbeat: beat, LostAfter: lost})
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func TestCall(t *testing.T) {
	nc := serverOf(t)
	nodeOf(t, nc, 2)
	p := poolOf(t, nc)
	v, err := half.Do(t.Context(), p, 6)
	require.NoError(t, err)
	require.Equal(t, 3, v)
	_, err = half.Do(t.Context(), p, 7)
	require.ErrorIs(t, err, errOdd)
	require.NoError(t, p.Shutdown(t.Context()))
	s := p.Stats()
	require.EqualValues(t, 2, s.Submitted)
	require.EqualValues(t, 1, s.Done)
	require.EqualValues(t, 1, s.Failed)
}

// objects are the names of the large values that the server has.
func objects(t testing.TB, nc *nats.Conn) (names []string) {
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	store, err := js.ObjectStore(t.Context(), "QUARTET_quartet")
	require.NoError(t, err)
	infos, err := store.List(t.Context())
	if errors.Is(err, jetstream.ErrNoObjectsFound) {
		return nil
	}
	require.NoError(t, err)
	for _, o := range infos {
		names = append(names, o.Name)
	}
	return names
}
