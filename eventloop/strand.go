package eventloop

import (
	"sync/atomic"

	"github.com/quartet-go/quartet/internal/fiber"
	"github.com/quartet-go/quartet/internal/task"
)

// strand is a started task: its fiber, and what watches the end of the ctx of its waits.
type strand struct {
	run   func() // what the fiber is to run: the loop's runTask
	fiber *fiber.Fiber
	watch task.EndWatch
	wait  atomic.Pointer[wait] // of now
}

// ContextEnded implements task.Waiter: it cuts the wait, if that is of this ctx.
func (s *strand) ContextEnded(done <-chan struct{}) {
	if w := s.wait.Load(); w != nil && w.of == done {
		w.cut()
	}
}

// maxStrands bounds those that are kept for reuse.
const maxStrands = 256

func (l *Loop) newStrand() *strand {
	var s *strand
	if last := len(l.strands) - 1; last >= 0 {
		s, l.strands = l.strands[last], l.strands[:last]
	} else {
		s = &strand{run: l.runTask}
	}
	s.fiber = l.fibers.New(s.run)
	return s
}

// keep takes s back from a task that has ended, unless its watch still knows it.
func (l *Loop) keep(s *strand) {
	if s.watch.Off() && len(l.strands) < maxStrands {
		s.wait.Store(nil)
		s.fiber = nil
		l.strands = append(l.strands, s)
	}
}
