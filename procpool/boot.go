package procpool

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/quartet-go/quartet/procpool/internal/proc"
)

const (
	maxBootFailures = 3
	bootBackoff     = 10 * time.Millisecond
	firstRest       = time.Second
	longestRest     = 30 * time.Second
	deathsPerSecond = 50
	deathBurst      = 32
	shortestWait    = 10 * time.Millisecond
	longestWait     = 250 * time.Millisecond
)

// boot is the breaker: what the pool knows of its workers' starts. Only a worker that ends before
// its hello counts against the program. One that a call has killed costs that call; its replacement
// waits at most for the rate limit. A start that the system refuses for a shortage says nothing of
// the program either: it is tried again, and calls wait. It is guarded by the pool's lock.
type boot struct {
	failures int   // in a row
	last     error // of these
	broken   error // they do not come up: calls get this
	rest     time.Duration
	until    time.Time // no start before
	timer    *time.Timer
	armed    bool          // the timer counts in exited
	deaths   float64       // of the burst, used up
	counted  time.Time     // when deaths was right
	shortage time.Duration // the last wait for a shortage to pass; 0: there is none
	stopped  bool
}

// refuse is the error that submits get while workers do not come up and none is tried.
func (b *boot) refuse() error {
	if b.broken != nil && time.Now().Before(b.until) {
		return b.broken
	}
	return nil
}

// lastError is the error of the last start that failed, when no hello has followed.
func (b *boot) lastError() error { return fmt.Errorf("%w: %w", ErrCrashLoop, b.last) }

// succeeded notes a hello.
func (b *boot) succeeded() {
	b.failures, b.last, b.broken, b.rest, b.until, b.shortage = 0, nil, nil, 0, time.Time{}, 0
}

// stop leaves no timer.
func (b *boot) stop(exited *sync.WaitGroup) {
	b.stopped = true
	if b.armed && b.timer.Stop() {
		b.armed = false
		exited.Done()
	}
}

// died notes a worker that is to be replaced. What it held is free again, so a shortage may be
// over.
func (b *boot) died() {
	now := time.Now()
	b.deaths = max(0, b.deaths-now.Sub(b.counted).Seconds()*deathsPerSecond) + 1
	b.counted = now
	if b.shortage > 0 {
		b.until = now
	}
}

// delay returns how long the next start has to wait.
func (b *boot) delay() time.Duration {
	now := time.Now()
	wait := b.until.Sub(now)
	if over := b.deaths - deathBurst - now.Sub(b.counted).Seconds()*deathsPerSecond; over > 0 {
		wait = max(wait, time.Duration(over/deathsPerSecond*float64(time.Second)))
	}
	return max(wait, 0)
}

// lacked notes a start that the system has refused. first: so far there was no shortage.
func (b *boot) lacked() (first bool) {
	first = b.shortage == 0
	b.shortage = min(max(2*b.shortage, shortestWait), longestWait)
	b.until = time.Now().Add(b.shortage)
	return first
}

// bootFailed is locked.
func (p *Pool) bootFailed(w *worker, err error) {
	b := &p.boot
	defer p.announce()
	if proc.Shortage(err) {
		if b.lacked() {
			p.in.AfterLocked(func() {
				p.warn("a worker cannot be started for want of resources; calls wait for one", "error", err)
			})
		}
		return
	}
	if w.version > p.version { // it was to prove what Reload brings, and says nothing of what runs
		w.proof = err
		return
	}
	b.failures++
	b.last = err
	hopeless := errors.Is(err, ErrMismatch) || errors.Is(err, ErrNoInit)
	if b.failures < maxBootFailures && !hopeless {
		b.until = time.Now().Add(bootBackoff<<b.failures + rand.N(bootBackoff))
		return
	}
	b.rest = min(max(2*b.rest, firstRest), longestRest)
	b.until = time.Now().Add(b.rest)
	b.broken = fmt.Errorf("%w: %w", ErrCrashLoop, err)
	p.down.Store(true)
}

// grow is locked: want workers are to be starting, since there is more to do than those that are up
// can take. It starts them, and what Config.MinWorkers lacks, as far as Config.Workers and the
// breaker allow.
func (p *Pool) grow(want int) {
	starting, total := 0, 0
	for _, w := range p.workers {
		if w == nil || !w.staying() || w.version > p.version {
			continue
		}
		total++
		if w.life == booting {
			starting++
		}
	}
	if err := p.boot.refuse(); err != nil && total == 0 && want > 0 {
		p.failQueued(err)
		want = 0
	}
	want = max(want, min(p.cfg.MinWorkers, p.cfg.Workers)-(total-starting))
	for ; starting < want && total < p.cfg.Workers && !p.ending; starting++ {
		if d := p.boot.delay(); d > 0 {
			p.growLater(d)
			return
		}
		p.spawn()
		total++
	}
}

// growLater is locked.
func (p *Pool) growLater(d time.Duration) {
	b := &p.boot
	if b.stopped || b.armed {
		return
	}
	b.armed = true
	p.exited.Add(1)
	if b.timer == nil {
		b.timer = time.AfterFunc(d, p.retry)
	} else {
		b.timer.Reset(d)
	}
}

// retry is the timer's.
func (p *Pool) retry() {
	defer p.exited.Done()
	p.in.Lock()
	p.boot.armed = false
	p.dispatch()
	p.in.Commit()
}

// spawn is locked.
func (p *Pool) spawn() {
	w := p.newWorker(p.freeLane())
	p.exited.Add(1)
	go w.live()
}

// freeLane is locked. While workers retire, those that follow them may need more lanes than
// Config.Workers.
func (p *Pool) freeLane() int {
	if i := slices.Index(p.workers, nil); i >= 0 {
		return i
	}
	p.workers = append(p.workers, nil)
	return len(p.workers) - 1
}

// newWorker is locked: it puts a worker without a process into a lane.
func (p *Pool) newWorker(lane int) *worker {
	w := &worker{
		pool: p, lane: lane, window: 1, version: p.version, program: p.program, started: time.Now(),
		closed: make(chan struct{}),
		calls:  make(map[uint64]*call), made: make(map[uint64]*remote), out: sender{wake: make(chan struct{}, 1)},
		turn: turn{again: make(chan struct{}, 1)},
	}
	p.workers[lane] = w
	return w
}

// failQueued is locked: no worker will come for the queued calls.
func (p *Pool) failQueued(err error) {
	var failed []outcome
	for c := p.next(); c != nil; c = p.next() {
		failed = append(failed, outcome{call: c, err: err})
	}
	if failed != nil {
		p.in.AfterLocked(func() { p.end(failed) })
	}
}
