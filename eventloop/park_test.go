package eventloop_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/eventloop"
)

// A post that comes when the loop has looked into its inbox, and does not sleep yet, wakes nobody:
// the loop looks once more.
func TestAPostBeforeTheLoopSleepsIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := eventloop.New(eventloop.Config{})
		ran := false
		l.ParkAfter(func() { require.NoError(t, l.Post(func() { ran = true })) })
		require.NoError(t, l.Run(t.Context()))
		require.True(t, ran)
		require.NoError(t, l.Close())
	})
}
