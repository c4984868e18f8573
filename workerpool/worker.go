package workerpool

import (
	"slices"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/intake"
	"github.com/quartet-go/quartet/internal/task"
)

// lingerYields is how often a worker lets others run before it parks. Against none, a submit with its await took two
// thirds of the time.
const lingerYields = 4

// worker is one goroutine of the pool while it is parked.
type worker struct {
	lingers bool            // it is the one that searches
	lane    int             // its number, which a later goroutine gets again
	next    chan *task.Node // closed: the worker is dismissed
	since   time.Time
	leaves  intake.Consumer
}

// job is what a worker does next: run a node, or leaves as long as there are any; zero: nothing.
type job struct {
	node   *task.Node
	leaves bool
}

// dispatch is locked: free slots go to tasks that come back from a wait, then to a worker that looks for queued ones.
func (p *Pool) dispatch() {
	for p.slots < p.cfg.Workers {
		i := p.nextReturning()
		if i < 0 {
			break
		}
		p.slots++
		p.returning[i].admit(p)
		p.returning = slices.Delete(p.returning, i, i+1)
	}
	p.search()
}

// workers is locked.
func (p *Pool) workers() int { return p.cfg.Workers }

// free is locked.
func (p *Pool) free() int { return max(0, p.cfg.Workers-p.slots-len(p.returning)) }

// calls is locked: a worker that runs leaves must give its slot back.
func (p *Pool) calls() bool { return p.slots > p.cfg.Workers || p.nextReturning() >= 0 }

// search is locked: it sends one worker to the queue if there is something to find. One that is on its way is only told:
// it will send the next. So a burst wakes as many workers as its tasks last, not one for each task.
func (p *Pool) search() {
	switch {
	case p.slots >= p.cfg.Workers:
	case p.searching:
		if p.in.Len() > 0 {
			p.called.Store(true)
		}
	case p.in.Listen():
		p.searching = true
		p.send(nil)
	}
}

// start is locked: it runs n, which has been taken from the queue, on the worker that is on its way there, else on a parked
// or a new one.
func (p *Pool) start(n *task.Node) {
	p.slots++
	n.Model = (*run)(n)
	if p.searching && p.handed == nil {
		p.handed = n
		p.called.Store(true)
		return
	}
	p.send(n)
}

// send is locked: a parked worker, or a new one, runs n, or looks for a task when n is nil.
func (p *Pool) send(n *task.Node) {
	if last := len(p.idle) - 1; last >= 0 {
		w := p.idle[last]
		p.idle = p.idle[:last]
		w.give(n)
		return
	}
	w := &worker{lane: p.takeLane(), next: make(chan *task.Node, 1)}
	w.give(n)
	p.exited.Add(1)
	go p.work(w)
}

// give is locked; w has nothing to do.
func (w *worker) give(n *task.Node) {
	if n != nil {
		n.Lane = w.lane
	}
	w.next <- n
}

// work is the goroutine of a worker.
func (p *Pool) work(w *worker) {
	defer p.exited.Done()
	for n := range w.next {
		j := job{node: n}
		if n == nil {
			j = p.find(w)
		}
		for j != (job{}) {
			if j.leaves {
				p.runLeaves(w)
			} else {
				p.run(j.node, w)
			}
			j = p.follow(j, w)
			if j == (job{}) && w.lingers {
				j = p.linger(w)
			}
		}
	}
}

// find takes a job for a worker that was sent to look for one; none: the worker is parked.
func (p *Pool) find(w *worker) job {
	p.in.Lock()
	defer p.in.Unlock()
	p.searching = false
	j := p.takeHanded(w)
	if j == (job{}) {
		j = p.take(w)
	}
	if j == (job{}) {
		p.park(w)
	}
	p.dispatch()
	return j
}

// takeHanded is locked.
func (p *Pool) takeHanded(w *worker) job {
	n := p.handed
	if p.handed = nil; n != nil {
		n.Lane = w.lane
	}
	return job{node: n}
}

// take is locked: it takes what is next in the queue, and a slot for it.
func (p *Pool) take(w *worker) job {
	if p.slots >= p.cfg.Workers || p.nextReturning() >= 0 {
		return job{}
	}
	j := job{leaves: p.in.Consume(&w.leaves)}
	if !j.leaves {
		if j.node = p.in.Pop(); j.node == nil {
			return job{}
		}
		j.node.Model, j.node.Lane = (*run)(j.node), w.lane
	}
	p.slots++
	return j
}

// run runs n's job. A panic that no future has taken goes to OnPanic, else on: it crashes the program with its stack, and
// the task stays unfinished, so that no Shutdown returns before the crash. After a Goexit the goroutine is over: run gives
// the slot back, and a new one takes its place.
func (p *Pool) run(n *task.Node, w *worker) {
	returned := false
	defer func() {
		if returned {
			return
		}
		n.Failed = true
		if v := recover(); v != nil {
			p.panicked(v)
			return
		}
		defer p.end(job{node: n}, w)
		if _, future := n.Job.(task.Noder); !future && p.cfg.OnPanic != nil {
			p.cfg.OnPanic(quartet.ErrGoexit)
		}
	}()
	n.Run()
	returned = true
}

// panicked hands what a task has panicked with to OnPanic; without that it goes on.
func (p *Pool) panicked(v any) {
	if p.cfg.OnPanic == nil {
		panic(v)
	}
	p.cfg.OnPanic(quartet.NewPanicError(v))
}

// end gives j and its slot back, on a goroutine that is over.
func (p *Pool) end(j job, w *worker) {
	p.giveBack(j, w)
	p.lanes = append(p.lanes, w.lane)
	p.dispatch()
	p.in.Unlock()
}

// follow gives j and its slot back, and returns the next job for the same worker; none: the worker lingers, or is parked.
func (p *Pool) follow(j job, w *worker) job {
	p.giveBack(j, w)
	defer p.in.Unlock()
	next := p.take(w)
	if next != (job{}) {
		return next
	}
	if w.lingers = !p.searching; w.lingers {
		p.searching = true
		p.called.Store(false)
	} else {
		p.park(w)
	}
	p.dispatch()
	return job{}
}

// giveBack gives j and its slot back, and leaves the pool locked.
func (p *Pool) giveBack(j job, w *worker) {
	if j.node != nil && !j.node.Leaf {
		j.node.End()
	}
	p.in.Lock()
	if j.leaves {
		p.slots--
		p.in.Leave(&w.leaves)
	} else {
		p.release(j.node)
	}
}

// linger lets others run a few times before the worker parks: a submitter that is at it needs not wake anybody then, and
// parking costs more than the whole of a short task.
func (p *Pool) linger(w *worker) job {
	task.YieldUntil(func() bool { return p.in.Ready() || p.called.Load() }, lingerYields)
	return p.find(w)
}

// release is locked.
func (p *Pool) release(n *task.Node) {
	if n.Waiting { // a foreign goroutine has lent the slot in the task's name
		p.forgetReturning(n)
	} else {
		p.slots--
	}
	p.in.End(n)
}

// park is locked. More parked workers than slots are of no use, nor are any once all has ended: they go home.
func (p *Pool) park(w *worker) {
	if len(p.idle) >= p.cfg.Workers || p.in.Drained() {
		p.sendHome(w)
		return
	}
	w.since = time.Now()
	p.idle = append(p.idle, w)
	if len(p.idle) > p.cfg.MinWorkers && !p.reaping {
		p.reapAfter(p.cfg.IdleTimeout)
	}
}

// sendHome is locked: it ends a parked worker.
func (p *Pool) sendHome(w *worker) {
	close(w.next)
	p.lanes = append(p.lanes, w.lane)
}

// takeLane is locked: the number of a new worker.
func (p *Pool) takeLane() int {
	if last := len(p.lanes) - 1; last >= 0 {
		lane := p.lanes[last]
		p.lanes = p.lanes[:last]
		return lane
	}
	p.nextLane++
	return p.nextLane - 1
}

// reapAfter is locked.
func (p *Pool) reapAfter(d time.Duration) {
	p.reaping = true
	p.exited.Add(1)
	if p.reaper == nil {
		p.reaper = time.AfterFunc(d, p.reap)
	} else {
		p.reaper.Reset(d)
	}
}

// reap ends the workers that have been idle for IdleTimeout. Without idle ones there is no timer.
func (p *Pool) reap() {
	defer p.exited.Done()
	p.in.Lock()
	defer p.in.Unlock()
	p.reaping = false
	now := time.Now()
	for len(p.idle) > p.cfg.MinWorkers {
		oldest := p.idle[0]
		if left := p.cfg.IdleTimeout - now.Sub(oldest.since); left > 0 {
			p.reapAfter(left)
			return
		}
		p.sendHome(oldest)
		p.idle = p.idle[1:]
	}
}

// dismiss ends all workers of a drained pool and waits until they are gone.
func (p *Pool) dismiss() {
	p.in.Lock()
	for _, w := range p.idle {
		p.sendHome(w)
	}
	p.idle, p.cfg.MinWorkers = nil, 0
	if p.reaping && p.reaper.Stop() {
		p.reaping = false
		p.exited.Done()
	}
	p.in.Unlock()
	p.exited.Wait()
}
