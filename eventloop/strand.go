package eventloop

import (
	"context"
	"sync/atomic"

	"github.com/quartet-go/quartet/internal/fiber"
)

// strand is a started task: its fiber, and what watches the end of the ctx of its waits. That stays from one wait to the
// next with the same ctx, as it costs more than the wait.
type strand struct {
	fiber *fiber.Fiber
	wait  atomic.Pointer[wait] // of now
	done  <-chan struct{}      // of the watched ctx
	stop  func() bool
}

// watch cuts waits of s when ctx ends.
func (s *strand) watch(ctx context.Context) {
	done := ctx.Done()
	if done == nil || done == s.done {
		return
	}
	s.unwatch()
	s.done = done
	s.stop = context.AfterFunc(ctx, func() {
		if w := s.wait.Load(); w != nil && w.of == done {
			w.cut()
		}
	})
}

// unwatch reports whether nobody knows s any more.
func (s *strand) unwatch() bool { return s.stop == nil || s.stop() }

// maxStrands bounds those that are kept for reuse.
const maxStrands = 256

func (l *Loop) newStrand() *strand {
	var s *strand
	if last := len(l.strands) - 1; last >= 0 {
		s, l.strands = l.strands[last], l.strands[:last]
	} else {
		s = &strand{}
	}
	s.fiber = l.fibers.New(l.runTask)
	return s
}

// keep takes s back from a task that has ended.
func (l *Loop) keep(s *strand) {
	if s.unwatch() && len(l.strands) < maxStrands {
		if s.stop != nil {
			s.wait.Store(nil)
			s.done, s.stop = nil, nil
		}
		s.fiber = nil
		l.strands = append(l.strands, s)
	}
}
