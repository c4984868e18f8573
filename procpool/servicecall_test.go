package procpool

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// Without a ledger nobody can see that a replica has begun to serve: it counts as serving when its
// worker has the call, or Ready would wait for ever.
func TestAReplicaWithoutALedgerServes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newMutePool(t, Config{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		c := &serviceCall{inner: runService, name: "a service", ended: make(chan error, 1)}
		require.NoError(t, f.submitService(ctx, c))
		begins := make(chan bool, 1)
		go func() { begins <- f.begins(ctx, c) }()
		synctest.Wait()
		require.Empty(t, begins, "no worker is up")
		require.NoError(t, f.feed(f.hello(t, wire.Greeting{})))
		require.True(t, <-begins)
		f.gone(t, nil)
		<-c.ended
	})
}
