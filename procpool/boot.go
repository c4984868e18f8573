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
	// After so many failed starts in a row the breaker opens. The wait between them is the base,
	// doubled for each failure, and a random part.
	maxBootFailures = 3
	bootBackoff     = 10 * time.Millisecond
	// So long an open breaker refuses, doubled each time it opens again.
	firstRest   = time.Second
	longestRest = 30 * time.Second
	// Replacements have a rate, and a burst above it: a call that ends each worker must not make
	// this process fork all the time.
	deathsPerSecond = 50
	deathBurst      = 32
	// So long a start waits after one that the system refused for a shortage, doubled each time.
	shortestWait = 10 * time.Millisecond
	longestWait  = 250 * time.Millisecond
)

// boot is the breaker: what the pool knows of its workers' starts. Only a worker that ends before
// its hello counts against the program. One that a call has killed costs that call; its replacement
// waits at most for the rate limit. A start that the system refuses for a shortage says nothing of
// the program either: it is tried again, and calls wait. It is guarded by the pool's lock. An open
// breaker refuses until the time in until. After that the next section which needs workers tries
// again; failures is kept, so a single start that fails opens it anew, for twice as long.
type boot struct {
	failures int   // in a row
	last     error // of these
	broken   error // they do not come up: calls get this
	rest     time.Duration
	until    time.Time // no start before
	timer    *time.Timer
	armed    bool          // the timer counts in exited
	fires    time.Time     // when the armed timer does
	deaths   float64       // of the burst, used up
	counted  time.Time     // when deaths was right
	shortage time.Duration // the last wait for a shortage to pass; 0: there is none
	stopped  bool
}

// refuseLocked returns the error that submits get while workers do not come up and none is tried.
func (b *boot) refuseLocked() error {
	if b.broken != nil && time.Now().Before(b.until) {
		return b.broken
	}
	return nil
}

// lastErrorLocked returns the error of the last start that failed, when no hello has followed.
func (b *boot) lastErrorLocked() error { return fmt.Errorf("%w: %w", ErrCrashLoop, b.last) }

// succeededLocked notes a hello. deaths stays: the rate of replacements has nothing to do with
// hellos.
func (b *boot) succeededLocked() {
	b.failures, b.last, b.broken, b.rest, b.until, b.shortage = 0, nil, nil, 0, time.Time{}, 0
}

// stopLocked leaves no timer.
func (b *boot) stopLocked(exited *sync.WaitGroup) {
	b.stopped = true
	if b.armed && b.timer.Stop() {
		b.armed = false
		exited.Done()
	}
}

// diedLocked notes a worker that is to be replaced. What it held is free again, so a shortage may
// be over. deaths is a leaky bucket: it loses deathsPerSecond, and delayLocked waits where it holds
// more than deathBurst.
func (b *boot) diedLocked() {
	now := time.Now()
	b.deaths = max(0, b.deaths-now.Sub(b.counted).Seconds()*deathsPerSecond) + 1
	b.counted = now
	if b.shortage > 0 {
		b.until = now
	}
}

// delayLocked returns how long the next start has to wait. It is the longer one of two waits: until
// a time, and for the rate.
func (b *boot) delayLocked() time.Duration {
	now := time.Now()
	wait := b.until.Sub(now)
	if over := b.deaths - deathBurst - now.Sub(b.counted).Seconds()*deathsPerSecond; over > 0 {
		wait = max(wait, time.Duration(over/deathsPerSecond*float64(time.Second)))
	}
	return max(wait, 0)
}

// lackedLocked notes a start that the system has refused. first: so far there was no shortage. Each
// refused start doubles the next wait; a hello ends the shortage, and a death the wait.
func (b *boot) lackedLocked() (first bool) {
	first = b.shortage == 0
	b.shortage = min(max(2*b.shortage, shortestWait), longestWait)
	b.until = time.Now().Add(b.shortage)
	return first
}

// bootFailedLocked notes that w, which has not said hello, ended with err. bury calls it, but not
// for a worker that was killed as unneeded.
func (p *Pool) bootFailedLocked(w *worker, err error) {
	b := &p.boot
	defer p.announceLocked()
	// It was to prove what Reload brings, and says nothing of what runs. Reload returns the error,
	// also that of a shortage: it tries once.
	if w.version > p.version {
		w.proof = err
		return
	}
	if proc.Shortage(err) {
		if b.lackedLocked() {
			p.in.AfterLocked(func() {
				p.warn("a worker cannot be started for want of resources; calls wait for one", "error", err)
			})
		}
		return
	}
	b.failures++
	b.last = err
	// The next start would end alike: from another build, without Init, or with an interpreter that
	// is too old.
	hopeless := errors.Is(err, ErrMismatch) || errors.Is(err, ErrNoInit)
	if b.failures < maxBootFailures && !hopeless {
		b.until = time.Now().Add(bootBackoff<<b.failures + rand.N(bootBackoff))
		return
	}
	// The next growLocked fails the queued calls, if no worker is left.
	b.openLocked(err)
	// fill loads down without the lock: while workers come up, the breaker costs a submit no more.
	p.down.Store(true)
}

// openLocked opens the breaker, since starts fail with err. It changes nothing if it is open:
// workers that were starting when it opened fail with it, and would otherwise each double the rest.
func (b *boot) openLocked(err error) {
	if b.refuseLocked() != nil {
		return
	}
	b.rest = min(max(2*b.rest, firstRest), longestRest)
	b.until = time.Now().Add(b.rest)
	b.broken = fmt.Errorf("%w: %w", ErrCrashLoop, err)
}

// growLocked makes sure that want workers are starting, since there is more to do than those that
// are up can take. It starts them, and what Config.MinWorkers lacks, as far as Config.Workers and
// the breaker allow. A worker counts as starting as soon as it has a lane, so one section sees the
// starts of the others. A worker that Reload is proving counts in no way.
func (p *Pool) growLocked(want int) {
	starting, total := 0, 0
	for _, w := range p.workers {
		if w == nil || !w.stayingLocked() {
			continue
		}
		total++
		if w.life == booting {
			starting++
		}
	}
	// While one worker is left, it can still take them.
	if err := p.boot.refuseLocked(); err != nil && total == 0 && want > 0 {
		p.failQueuedLocked(err)
		want = 0
	}
	want = max(want, min(p.cfg.MinWorkers, p.cfg.Workers)-(total-starting))
	for ; starting < want && total < p.cfg.Workers && !p.ending; starting++ {
		// When the timer fires, dispatchLocked comes back here with fresh numbers.
		if d := p.boot.delayLocked(); d > 0 {
			p.growLaterLocked(d)
			return
		}
		p.spawnLocked()
		total++
	}
}

// growLaterLocked has dispatchLocked called after d, or before that where the timer is armed for an
// earlier time.
func (p *Pool) growLaterLocked(d time.Duration) {
	b := &p.boot
	at := time.Now().Add(d)
	switch {
	case b.stopped, b.armed && !at.Before(b.fires):
		return
	case !b.armed:
		b.armed = true
		p.exited.Add(1)
	case !b.timer.Stop(): // retry waits for the lock, and looks again
		return
	}
	b.fires = at
	if b.timer == nil {
		b.timer = time.AfterFunc(d, p.retry)
	} else {
		b.timer.Reset(d)
	}
}

// retry is the timer's. exited counts it while armed, so Close waits for one that runs.
func (p *Pool) retry() {
	defer p.exited.Done()
	p.in.Lock()
	p.boot.armed = false
	p.dispatchLocked()
	p.in.Commit()
}

// spawnLocked starts a worker. The caller has seen under the lock that the pool is not ending:
// exited never grows while Close waits for it.
func (p *Pool) spawnLocked() {
	w := p.newWorkerLocked(p.freeLaneLocked())
	p.exited.Add(1)
	go w.live()
}

// freeLaneLocked returns a lane without a worker. While workers retire, those that follow them may
// need more lanes than Config.Workers. A lane is used again, so the numbers in events and lines
// stay small.
func (p *Pool) freeLaneLocked() int {
	if i := slices.Index(p.workers, nil); i >= 0 {
		return i
	}
	p.workers = append(p.workers, nil)
	return len(p.workers) - 1
}

// newWorkerLocked puts a worker without a process into a lane. It is booting, and may be killed,
// before live has started its process. Its window of 1 grows by adaptLocked.
func (p *Pool) newWorkerLocked(lane int) *worker {
	w := &worker{
		pool: p, lane: lane, window: 1, version: p.version, program: p.program, started: time.Now(),
		closed: make(chan struct{}),
		calls:  make(map[uint64]*call), made: make(map[uint64]*remote), out: sender{wake: make(chan struct{}, 1)},
		turn: turn{again: make(chan struct{}, 1)},
	}
	p.workers[lane] = w
	return w
}

// failQueuedLocked ends the queued calls with err: no worker will come for them. nextLocked has
// claimed them, so they end as failed calls, by Resolve, and are not abandoned.
func (p *Pool) failQueuedLocked(err error) {
	var failed []outcome
	for c := p.nextLocked(); c != nil; c = p.nextLocked() {
		c.toLocked(ending) // from here on a cancellation finds nothing to end
		failed = append(failed, outcome{call: c, err: err})
	}
	if failed != nil {
		p.in.AfterLocked(func() { p.end(failed) })
	}
}
