package child

import (
	"time"

	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// beatEvery is how often a worker that has tasks shows that it moves.
const beatEvery = 100 * time.Millisecond

// beat has the heart beat while there are tasks.
func (s *server) beat() {
	if !s.beating.Load() && s.beating.CompareAndSwap(false, true) {
		s.beats <- struct{}{}
	}
}

// beatLoop counts a word of the ledger up, on a goroutine of its own: one that stands still shows a
// process that is stopped, or starved.
func (s *server) beatLoop() {
	for range s.beats {
		for again := true; again; {
			for s.busy() {
				s.out.page.Word(wire.PageBeat).Add(1)
				time.Sleep(beatEvery)
			}
			s.beating.Store(false) // from here on a new start beats
			again = s.busy() && s.beating.CompareAndSwap(false, true)
		}
	}
}

func (s *server) busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.started) > 0
}
