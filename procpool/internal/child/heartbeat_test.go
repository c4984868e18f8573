package child

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// A worker that waits for its pool to read moves, and shows it, as long as it has tasks.
func TestTheHeartBeatsWhileTheLockIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nil)
		j := &job{server: s, id: 1}
		j.node.Init(&j.ctx, t.Context(), j)
		go s.beatLoop()
		s.mu.Lock()
		s.startLocked(j)
		time.Sleep(10 * beatEvery)
		require.GreaterOrEqual(t, s.out.page.Word(wire.PageBeat).Load(), uint64(9))
		s.forgetLocked(j)
		s.mu.Unlock()
		time.Sleep(2 * beatEvery)
		beats := s.out.page.Word(wire.PageBeat).Load()
		time.Sleep(10 * beatEvery)
		require.Equal(t, beats, s.out.page.Word(wire.PageBeat).Load())
		close(s.beats)
	})
}
