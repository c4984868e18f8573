package procpool

import (
	"fmt"
	"math"
	"time"
)

// Resize sets how many processes run tasks at once. A larger number acts at once; a smaller one interrupts nobody: workers
// that are too many take no more tasks, and go when theirs have ended. It panics when workers is less than 1. Any goroutine
// may call it.
func (p *Pool) Resize(workers int) {
	if workers < 1 {
		panic(fmt.Sprintf("procpool: Resize(%d): a pool needs a worker", workers))
	}
	p.in.Lock()
	defer p.in.Unlock()
	p.cfg.Workers = workers
	for len(p.workers) < workers {
		p.workers = append(p.workers, nil)
	}
	for _, w := range p.workers[workers:] {
		if w != nil {
			w.retiring = true
		}
	}
	p.in.MakeRoom()
}

// ExpectedWait estimates how long a task submitted now would wait until it is sent to a worker: what is queued, times the
// recent mean of the times that tasks spent with their workers, divided by how many these hold. The times are those of
// Stats, sampled unless Config.ExactTimes or RejectLate is set; before the first one has been measured the oldest
// task's time so far stands for it.
func (p *Pool) ExpectedWait() time.Duration {
	p.in.Lock()
	defer p.in.Unlock()
	return p.in.ExpectedWait()
}

// slots is locked: how many tasks are with workers while there is more to do; without end while one has room.
func (p *Pool) slots() int {
	if p.freest() != nil {
		return math.MaxInt
	}
	n := 0
	for _, w := range p.live() {
		if w.ready {
			n += max(w.window, w.width)
		}
	}
	return max(n, p.cfg.Workers)
}
