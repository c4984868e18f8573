package procpool

import (
	"maps"
	"time"

	"github.com/quartet-go/quartet"
)

// WorkerState is what a worker is doing.
type WorkerState uint8

const (
	Booting WorkerState = iota // it has not said that it is ready
	Idle                       // it has no call
	Running                    // it has one or more
	// it takes no more calls, and ends when it has none; not for Config.MaxTasks: its last call is
	// one
	Retiring
)

// String returns the state's name.
func (s WorkerState) String() string {
	if names := [...]string{"booting", "idle", "running", "retiring"}; int(s) < len(names) {
		return names[s]
	}
	return "unknown"
}

// Worker is a snapshot of one process of a pool.
type Worker struct {
	PID     int // 0 before the process has started
	Lane    int // its number, from 0: the Lane of events and lines
	State   WorkerState
	Started time.Time
	Calls   uint64    // how many have ended in it
	Memory  int64     // resident, in bytes, with what the worker has started; 0: not known
	Func    string    // of the call that runs; with Config.Concurrency above 1 empty
	Label   string    // of that call
	Since   time.Time // when that call began, at the earliest; zero: none runs
}

// Workers returns the live workers, by lane. It reads a file of each for the memory: some 20 µs.
// Any goroutine may call it.
func (p *Pool) Workers() []Worker {
	p.made()
	p.in.Lock()
	live := p.liveLocked()
	p.in.Commit()
	// Ledgers and /proc are read without the lock. Workers may be buried meanwhile: they are left
	// out.
	seen := make([]sight, len(live))
	for i, w := range live {
		seen[i] = w.see(true)
	}
	var workers []Worker
	p.in.Lock()
	defer p.in.Commit()
	for i, w := range live {
		if w.life != buried {
			workers = append(workers, w.viewLocked(seen[i]))
		}
	}
	return workers
}

// viewLocked returns w as Workers shows it. pid takes w.mu under the pool's lock, which is the
// order of the two.
func (w *worker) viewLocked(s sight) Worker {
	v := Worker{
		PID: w.pid(), Lane: w.lane, Started: w.started, Calls: w.completed, Memory: s.memory,
		State: w.stateLocked(),
	}
	if c := w.runsLocked(s.running); c != nil {
		v.Func, v.Label, v.Since = w.pool.names[c.fn], c.label, w.heardAt
	}
	return v
}

// stateLocked returns w's state. A worker that retires for MaxTasks still runs its last call, and
// so counts as running.
func (w *worker) stateLocked() WorkerState {
	switch {
	case w.life == booting:
		return Booting
	case len(w.calls) > 0 && (w.life == serving || w.why == byTasks):
		return Running
	case w.life > serving:
		return Retiring
	}
	return Idle
}

// runsLocked returns the call that runs in w, where the ledger names running. nil: none, or it is
// not known which. running is the worker's word, and only looked up: a number that is not among its
// calls is nobody's.
func (w *worker) runsLocked(running uint64) *call {
	if w.exact {
		return w.calls[running]
	}
	if len(w.calls) == 1 {
		for _, c := range w.calls {
			return c
		}
	}
	return nil
}

// Restarts returns how many workers have ended, and were replaced where they were needed, by cause:
// "crashed", "boot failed", "protocol error", "run timeout", "cancelled call"
// (Config.KillCancelled), "hung", "memory", "max tasks", "lifetime", "idle", "reload", "resize",
// "did not end". Those that Shutdown or Close ends do not count. Any goroutine may call it.
func (p *Pool) Restarts() map[string]uint64 {
	p.made()
	p.in.Lock()
	defer p.in.Commit()
	return maps.Clone(p.restarts)
}

// Watch has the steps of the tasks sent to o, besides Config.Observer, until stop is called. It
// panics on a nil o.
func (p *Pool) Watch(o quartet.Observer) (stop func()) { return p.made().in.Watch(o) }

// Tasks lists unfinished tasks, the first accepted first, at most so many: those that are queued,
// or those that have started.
func (p *Pool) Tasks(queued bool, most int) []quartet.TaskStatus {
	return p.made().in.Tasks(queued, most)
}
