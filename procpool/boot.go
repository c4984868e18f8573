package procpool

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

const (
	maxBootFailures = 3
	bootBackoff     = 10 * time.Millisecond
	firstRest       = time.Second
	longestRest     = 30 * time.Second
	spawnsPerSecond = 50
	spawnBurst      = 32
)

// boot is what the pool knows of its workers' starts. It is guarded by the pool's lock.
type boot struct {
	failures int   // in a row
	broken   error // they do not come up: calls get this
	rest     time.Duration
	until    time.Time // no start before
	timer    *time.Timer
	armed    bool    // the timer counts in exited
	spawns   float64 // of the burst, used up
	counted  time.Time
	stopped  bool
}

// refuse is the error that submits get while workers do not come up and none is tried.
func (b *boot) refuse() error {
	if b.broken != nil && time.Now().Before(b.until) {
		return b.broken
	}
	return nil
}

func (b *boot) succeeded() {
	b.failures, b.broken, b.rest, b.until = 0, nil, 0, time.Time{}
}

// stop leaves no timer.
func (b *boot) stop(exited *sync.WaitGroup) {
	b.stopped = true
	if b.armed && b.timer.Stop() {
		b.armed = false
		exited.Done()
	}
}

// delay returns how long the next start has to wait, and counts it if it need not.
func (b *boot) delay() time.Duration {
	now := time.Now()
	if d := b.until.Sub(now); d > 0 {
		return d
	}
	b.spawns = max(0, b.spawns-now.Sub(b.counted).Seconds()*spawnsPerSecond)
	b.counted = now
	if b.spawns >= spawnBurst {
		return time.Second / spawnsPerSecond
	}
	b.spawns++
	return 0
}

// bootFailed is locked.
func (p *Pool) bootFailed(err error) {
	b := &p.boot
	b.failures++
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

// grow is locked: there is more to do than the workers can take. It starts one for each queued call, as far as
// Config.Workers and the limits on starts allow.
func (p *Pool) grow() {
	starting, total := 0, 0
	for _, w := range p.workers[:p.cfg.Workers] {
		if w != nil {
			total++
			if !w.ready {
				starting++
			}
		}
	}
	if p.boot.refuse() != nil && total == 0 {
		p.failQueued(p.boot.broken)
		return
	}
	for want := max(1, len(p.resend)+p.in.Len()); starting < want && total < p.cfg.Workers && !p.ending; starting++ {
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
	p.in.Unlock()
}

// spawn is locked.
func (p *Pool) spawn() {
	w := &worker{
		pool: p, lane: slices.Index(p.workers, nil), window: 1, closed: make(chan struct{}),
		calls: make(map[uint64]*call), made: make(map[uint64]*remote), out: sender{wake: make(chan struct{}, 1)},
		turn: turn{again: make(chan struct{}, 1)},
	}
	p.workers[w.lane] = w
	p.exited.Add(1)
	go w.live()
}

// failQueued is locked: no worker will come for what is queued.
func (p *Pool) failQueued(err error) {
	var failed []outcome
	for c := p.next(); c != nil; c = p.next() {
		failed = append(failed, outcome{call: c, err: err})
	}
	if failed != nil {
		p.in.After(func() { p.end(failed) })
	}
}
