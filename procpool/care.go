package procpool

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/quartet-go/quartet/procpool/internal/proc"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// Why the pool ended a worker, or a call that waited; compare with [errors.Is]. A call that had
// started there gets a [WorkerLostError] with this as its cause.
var (
	// ErrRunTimeout is the cause with which a call is cancelled that has run for Config.RunTimeout,
	// and the end of its worker when it does not return within Config.Grace.
	ErrRunTimeout = errors.New("procpool: the call ran longer than Config.RunTimeout")
	// ErrQueueTimeout is what a call gets that has waited for a worker for Config.QueueTimeout.
	ErrQueueTimeout = errors.New("procpool: the call waited longer than Config.QueueTimeout")
	// ErrHung is the end of a worker that has not moved for Config.HangTimeout: stopped, or starved
	// of CPU or memory.
	ErrHung = errors.New("procpool: the worker has not moved for Config.HangTimeout")
	// ErrMemory is the end of a worker that takes more than Config.MemoryHard.
	ErrMemory = errors.New("procpool: the worker takes more memory than Config.MemoryHard")
)

// How often the pool looks after its workers.
const (
	// A limit is exceeded by up to one period before it is noticed. The period is an eighth of the
	// shortest limit (of HangTimeout a quarter), within these bounds; memory has a period of its
	// own.
	rarest      = time.Second
	mostOften   = time.Millisecond
	memoryEvery = 100 * time.Millisecond
)

// care is the pool's look after what takes too long, or too much. It has one timer, which rests
// while there is nothing that could. It is guarded by the pool's lock. New sets every, and nobody
// changes it.
type care struct {
	every time.Duration // 0: no limit is set
	timer *time.Timer
	armed bool // the timer counts in exited
	// The eldest first. Calls that have started stay in it until expireLocked meets them.
	aging []*call // queued, where Config.QueueTimeout is set

	absentSince time.Time     // no worker has been up since then; zero: one is
	absences    time.Duration // of the past
}

// waitedLocked returns the time by the clock that QueueTimeout counts on. It stands while no worker
// is up, for as long as a worker may take to come up. It never goes back, so the times in aging are
// in order.
func (c *care) waitedLocked(now time.Time, cfg *Config) time.Time {
	return now.Add(-c.absences - c.absenceLocked(now, cfg))
}

// absenceLocked returns for how long no worker has been up, and at most how long one may take to
// come up. After that time calls do age: else they would wait without end while the system refuses
// each start.
func (c *care) absenceLocked(now time.Time, cfg *Config) time.Duration {
	if c.absentSince.IsZero() {
		return 0
	}
	return min(now.Sub(c.absentSince), cfg.BootTimeout)
}

// presentLocked notes that a worker is up. A further worker changes nothing: absentSince is zero
// already.
func (c *care) presentLocked(now time.Time, cfg *Config) {
	c.absences += c.absenceLocked(now, cfg)
	c.absentSince = time.Time{}
}

// absentLocked notes that a worker has gone. bury calls it when the worker is out of its lane.
func (c *care) absentLocked(now time.Time, p *Pool) {
	up := func(w *worker) bool { return w != nil && w.upLocked() }
	if c.absentSince.IsZero() && !slices.ContainsFunc(p.workers, up) {
		c.absentSince = now
	}
}

// period returns how often the limits of c want a look.
func (c *Config) period() time.Duration {
	every := time.Duration(0)
	for _, d := range []time.Duration{
		c.HangTimeout / 4, c.RunTimeout / 8, c.QueueTimeout / 8, c.IdleTimeout / 8, c.MaxLifetime / 8,
	} {
		if d > 0 && (every == 0 || d < every) {
			every = d
		}
	}
	if c.KillCancelled && (every == 0 || c.Grace/8 < every) {
		every = c.Grace / 8
	}
	if c.MemorySoft+c.MemoryHard > 0 && (every == 0 || memoryEvery < every) {
		every = memoryEvery
	}
	if every == 0 {
		return 0
	}
	return min(max(every, mostOften), rarest)
}

// lookLaterLocked arms the timer when there is something to look after. Each dispatch calls it, so
// it mostly finds the timer armed and returns.
func (p *Pool) lookLaterLocked() {
	c := &p.care
	if c.every == 0 || c.armed || p.ending || !p.mayExceedLocked() {
		return
	}
	c.armed = true
	p.exited.Add(1)
	if c.timer == nil {
		c.timer = time.AfterFunc(c.every, p.look)
	} else {
		c.timer.Reset(c.every)
	}
}

// mayExceedLocked reports whether a limit could be exceeded if nothing else happened. When it
// reports false the timer rests: an idle pool costs no CPU.
func (p *Pool) mayExceedLocked() bool {
	if len(p.care.aging) > 0 || p.cfg.QueueTimeout > 0 && len(p.resend) > 0 {
		return true
	}
	ages := p.cfg.IdleTimeout > 0 || p.cfg.MaxLifetime > 0
	for _, w := range p.workers {
		if w != nil && (len(w.calls) > 0 || ages && w.upLocked()) {
			return true
		}
	}
	return false
}

// stopLocked leaves no timer. If Stop fails, look has begun, and takes its count out of exited
// itself.
func (c *care) stopLocked(p *Pool) {
	if c.armed && c.timer.Stop() {
		c.armed = false
		p.exited.Done()
	}
}

// look is the timer's. Files of /proc and of ledgers are read between its two sections, without the
// lock. Meanwhile a worker may have been buried and a call may have ended, so the second section
// looks at both again.
func (p *Pool) look() {
	defer p.exited.Done()
	p.in.Lock()
	workers := p.liveLocked()
	p.in.Commit()
	seen := make([]sight, len(workers))
	for i, w := range workers {
		seen[i] = w.see(p.cfg.MemorySoft+p.cfg.MemoryHard > 0)
	}
	p.in.Lock()
	p.care.armed = false
	now := time.Now()
	for i, w := range workers {
		if w.life == serving || w.life == retiring {
			p.judgeLocked(w, seen[i], now)
		}
	}
	p.expireLocked(now)
	p.dispatchLocked()
	p.in.Commit()
}

// sight is what a look at a worker shows. The worker writes running and beat itself, so they decide
// over its own calls only.
type sight struct {
	running uint64 // from its ledger
	beat    uint64 // likewise
	memory  int64  // resident, in bytes; 0: unknown
}

// see reads about w without the lock. The process may end meanwhile, so its number is only read by,
// and never killed by.
func (w *worker) see(memory bool) (s sight) {
	words, process := w.peek()
	if words != nil {
		s.running = binary.NativeEndian.Uint64(words[wire.PageRunning:])
		s.beat = binary.NativeEndian.Uint64(words[wire.PageBeat:])
	}
	if process != nil {
		// Where this process adopts orphans, ended ones in the group of a living worker would stay
		// zombies.
		proc.ReapOrphans(process.Pid)
		if memory {
			s.memory = proc.ResidentMemory(process.Pid)
		}
	}
	return s
}

// peek returns the words at the beginning of the ledger, nil without one, and the process, nil when
// it is not alive. The words are read and not mapped: mapped, a file that somebody cut short would
// end this process.
func (w *worker) peek() (words []byte, process *os.Process) {
	w.mu.Lock()
	page, process, reaped := w.page, w.proc, w.reaped
	w.mu.Unlock()
	if page != nil {
		// live closes the file after the burial. Then the read fails, and there is no ledger.
		words = make([]byte, wire.PageBuffer)
		if n, _ := page.ReadAt(words, 0); n != len(words) {
			words = nil
		}
	}
	if reaped {
		process = nil
	}
	return words, process
}

// running is the task that the ledger names; 0: none. It reads a file, so the pool's lock is not
// held.
func (w *worker) running() uint64 {
	words, _ := w.peek()
	if words == nil {
		return 0
	}
	return binary.NativeEndian.Uint64(words[wire.PageRunning:])
}

// judgeLocked kills or retires w where a limit is exceeded, by what a look has shown. It may do so
// at each look: kill and retireLocked keep the first cause.
func (p *Pool) judgeLocked(w *worker, s sight, now time.Time) {
	cfg := &p.cfg
	// A worker without calls need not beat.
	if s.beat != w.beat || len(w.calls) == 0 {
		w.beat, w.movedAt = s.beat, now
	}
	switch {
	case w.beats && cfg.HangTimeout > 0 && now.Sub(w.movedAt) > cfg.HangTimeout:
		// A worker that is stopped cannot hear of a CANCEL, so it gets no grace.
		w.kill(ErrHung)
	case cfg.MemoryHard > 0 && s.memory > cfg.MemoryHard:
		// No grace either: in it the worker would take more.
		w.kill(ErrMemory)
	case cfg.MemorySoft > 0 && s.memory > cfg.MemorySoft:
		w.retireLocked(byMemory)
	case !w.expires.IsZero() && now.After(w.expires):
		w.retireLocked(byLifetime)
	case cfg.IdleTimeout > 0 && len(w.calls) == 0 && now.Sub(w.busyAt) >= cfg.IdleTimeout &&
		p.servingLocked() > cfg.MinWorkers:
		w.retireLocked(byIdleness)
	}
	if cfg.RunTimeout == 0 && !cfg.KillCancelled {
		return
	}
	// Where the ledger does not say which call runs, all of them may.
	for _, c := range w.calls {
		if c.stage.begun() || !w.exact || c.id() == s.running {
			// A stage that has begun is certain; the ledger's word may be some microseconds old.
			p.judgeCallLocked(w, c, now)
		}
	}
}

// judgeCallLocked does so for the limits of c, which has started. CANCEL goes out once; Grace later
// the worker is killed. The time counts from the first look that saw c run.
func (p *Pool) judgeCallLocked(w *worker, c *call, now time.Time) {
	t := c.inTroubleLocked()
	if t.startedAt.IsZero() {
		// Late by up to one period, and never early.
		t.startedAt = now
	}
	cause := context.Cause(c.node.Context())
	switch {
	case t.overdue, cause != nil && p.cfg.KillCancelled:
		if t.stopAt.IsZero() {
			t.stopAt = now.Add(p.cfg.Grace)
		}
		if now.After(t.stopAt) {
			w.kill(t.killCauseLocked(cause))
		}
	case p.cfg.RunTimeout > 0 && now.Sub(t.startedAt) >= p.cfg.RunTimeout:
		t.overdue, t.stopAt = true, now.Add(p.cfg.Grace)
		// c's context in this process goes on: the worker ends the one that it has made for the
		// task, and still returns a result.
		w.out.pushUrgent(wire.Frame{Type: wire.Cancel, ID: c.id(), Body: wire.EncodeError(ErrRunTimeout, nil)})
	}
}

// killCauseLocked returns why a call's worker is killed. The end of the call's context is told,
// too, where that came before RunTimeout. WorkerLostError.Cause carries it.
func (t *trouble) killCauseLocked(ctxCause error) error {
	switch {
	case !t.overdue:
		return ctxCause
	case ctxCause != nil:
		return fmt.Errorf("%w; its context had ended: %w", ErrRunTimeout, ctxCause)
	}
	return ErrRunTimeout
}

// expireLocked ends calls that have waited too long, in the queue or, given back by a worker, in
// resend. All wait as long, so the eldest of the queue are the first.
func (p *Pool) expireLocked(now time.Time) {
	c := &p.care
	now = c.waitedLocked(now, &p.cfg)
	for len(c.aging) > 0 {
		eldest := c.aging[0]
		waits := eldest.node.State().Queued()
		if waits && now.Before(eldest.until) {
			break
		}
		c.aging[0], c.aging = nil, c.aging[1:]
		if waits {
			// Abandon takes the lock, and calls user code.
			p.in.AfterLocked(func() { eldest.node.Abandon(ErrQueueTimeout) })
		}
	}
	// A clone, since giveUpLocked takes c out of resend.
	for _, c := range slices.Clone(p.resend) {
		if !c.until.IsZero() && now.After(c.until) {
			p.giveUpLocked(c, ErrQueueTimeout)
		}
	}
}

// limitLocked gives w, which is new, its share of the limits. They differ by up to a tenth, so that
// workers which started together do not end together.
func (w *worker) limitLocked(cfg *Config, now time.Time) {
	w.busyAt = now
	if n := cfg.MaxTasks; n > 0 {
		w.mayTake = n - rand.IntN(n/10+1)
	}
	if d := cfg.MaxLifetime; d > 0 {
		w.expires = now.Add(d - rand.N(d/10+1))
	}
}

// countDownLocked counts a call that w has been given, of those that Config.MaxTasks allows. The
// call is among w's calls already, so letGoLocked waits for its end.
func (w *worker) countDownLocked() {
	if w.mayTake > 0 {
		if w.mayTake--; w.mayTake == 0 {
			w.retireLocked(byTasks)
		}
	}
}

// letGoLocked dismisses the retiring workers that have no calls. dismiss pushes a frame and lights
// a fuse, and so may be called under the lock.
func (p *Pool) letGoLocked() {
	for _, w := range p.workers {
		if w != nil && w.life == retiring && len(w.calls) == 0 {
			w.toLocked(leaving)
			p.announceLocked()
			w.dismiss()
		}
	}
}
