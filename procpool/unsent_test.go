package procpool

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

var unsent = quartet.Declare[[]byte, int]("unsent")

// A worker that answers a call which has not been written yet has broken the protocol: the caller
// of Do would have its input back while it is written.
func TestAnAnswerToWhatWasNotSent(t *testing.T) {
	for _, answer := range []wire.Type{wire.Result, wire.Returned} {
		synctest.Test(t, func(t *testing.T) {
			f := newMutePool(t, Config{})
			require.NoError(t, f.feed(f.hello(t, wire.Greeting{})))
			ended := make(chan error, 1)
			go func() {
				_, err := unsent.Do(context.Background(), f.Pool, make([]byte, largeBody))
				ended <- err
			}()
			synctest.Wait()
			err := f.feed(wire.Append(nil, wire.Frame{Type: answer, ID: 1, Body: []byte("1")}))
			require.ErrorContains(t, err, "has not been sent yet")
			require.Empty(t, ended)
			f.gone(t, nil)
			var lost *WorkerLostError
			require.ErrorAs(t, <-ended, &lost)
		})
	}
}

// A hello may have 16 MiB: it is decoded while others use the pool.
func TestAHelloIsDecodedWithoutTheLock(t *testing.T) {
	f := newMutePool(t, Config{})
	refused := make(chan error, 1)
	f.in.Lock()
	go func() { refused <- f.feed(wire.Append(nil, wire.Frame{Type: wire.Hello, Body: []byte("no JSON")})) }()
	err := <-refused
	f.in.Commit()
	require.ErrorContains(t, err, "HELLO is no JSON")
	f.gone(t, nil)
}
