package child

import (
	"time"

	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// beatEvery is how often a worker that has tasks shows that it moves. The pool asks only whether
// the word has changed between two of its looks.
const beatEvery = 100 * time.Millisecond

// beat has the heart beat while there are tasks. It is called under server.mu at each start, so it
// must be cheap while the heart beats, and never block: of those who find it at rest only one
// sends, into a channel that holds one.
func (s *server) beat() {
	if !s.beating.Load() && s.beating.CompareAndSwap(false, true) {
		s.beats <- struct{}{}
	}
}

// beatLoop counts a word of the ledger up, on a goroutine of its own: one that stands still shows a
// process that is stopped, or starved. The worker beats without a ledger too, into plain memory
// that nobody reads. No beat is needed while no task has started: then nothing can hang.
func (s *server) beatLoop() {
	for range s.beats {
		for again := true; again; {
			for s.busy() {
				s.out.page.Word(wire.PageBeat).Add(1)
				time.Sleep(beatEvery)
			}
			s.beating.Store(false) // from here on a new start beats
			// A task that started before the Store saw a beating heart, and did not send. So it is
			// looked for once more.
			again = s.busy() && s.beating.CompareAndSwap(false, true)
		}
	}
}

func (s *server) busy() bool { return s.tasks.Load() > 0 }
