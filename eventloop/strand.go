package eventloop

import (
	"sync/atomic"

	"github.com/quartet-go/quartet/internal/fiber"
	"github.com/quartet-go/quartet/internal/task"
)

// strand is a started task's place to run: its fiber, and the watch on the ctx of its waits. A
// nested call runs on its parent's strand. All fields but the atomic ones are the loop's. It is the
// Data of its task's node, and of the nodes of nested calls.
type strand struct {
	run       func() // what the fiber is to run: the loop's runTask
	fiber     *fiber.Fiber
	goroutine atomic.Int64 // the fiber's number
	task      *task.Node   // whose it is
	watch     task.EndWatch
	wait      atomic.Pointer[wait] // the current one
}

// ContextEnded implements task.Waiter: it cuts the current wait, if that belongs to this ctx.
//
// Any goroutine may call it, at any time, also for the ctx of an earlier wait, or of an earlier
// task that had this strand. Comparing the Done channels tells these apart.
func (s *strand) ContextEnded(done <-chan struct{}) {
	if w := s.wait.Load(); w != nil && w.of == done {
		w.cut()
	}
}

// maxStrands bounds the strands that are kept for reuse.
const maxStrands = 256

// newStrand runs on the loop, and so needs no lock for the spare ones. A fiber comes from the
// loop's pool, with a goroutine that may have run other tasks.
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

// keep takes s back from a task that has ended, unless its watch may still call it. A callback of
// the watch that is under way would cut a wait of the next task otherwise. goroutine stays, and is
// stored anew by runStarting.
func (l *Loop) keep(s *strand) {
	if s.watch.Off() && len(l.strands) < maxStrands {
		s.wait.Store(nil)
		s.fiber, s.task = nil, nil
		l.strands = append(l.strands, s)
	}
}
