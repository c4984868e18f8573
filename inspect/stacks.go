package inspect

import (
	"time"

	"github.com/quartet-go/quartet/internal/goid"
)

const (
	// 4 KiB are some 30 calls of a stack.
	longTask  = time.Second // a task of this age has its stack on the page
	mostStack = 4 << 10     // bytes of one stack
)

// addStacks adds the stacks of the long tasks whose goroutine is known. Reading stacks stops the
// program for a moment, so it is done once for all tasks, and only if there is a long one.
//
// It keeps pointers into s.Executors: nothing may be appended to these slices meanwhile. A task may
// have ended since it was listed, and its goroutine may run another; then the stack is the other
// one's, or empty. Queued tasks have no goroutine and are not looked at.
//
// Only started tasks are in Longest, which is why Queue needs no look.
func addStacks(s *Snapshot) {
	var long []*Task
	for i := range s.Executors {
		for j := range s.Executors[i].Longest {
			if t := &s.Executors[i].Longest[j]; t.goroutine != 0 && t.Age >= longTask {
				long = append(long, t)
			}
		}
	}
	if len(long) == 0 {
		return
	}
	all := goid.Stacks()
	for _, t := range long {
		t.Stack = clipped(string(goid.Stack(all, t.goroutine)))
	}
}

// clipped returns a stack of bounded size. A stack of a deep recursion would make the page
// megabytes. The beginning is kept, which is the innermost call.
func clipped(stack string) string {
	if len(stack) > mostStack {
		return stack[:mostStack] + "\n…"
	}
	return stack
}
