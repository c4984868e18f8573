package procpool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/quartet-go/quartet/procpool/internal/proc"
	"github.com/quartet-go/quartet/procpool/internal/wire"

	"github.com/quartet-go/quartet"
)

// burial is how a worker ended. live fills it in. page is the ledger; nil: there is none.
type burial struct {
	startErr error // it never ran
	exit     error
	code     int
	page     *os.File
}

// bury takes a dead worker out of the pool. Calls that had started in it have failed; the others go
// to another worker, in order. All its frames have been received. Its ledger holds the calls that
// it had finished and not answered. live calls it once, when nobody reads the pipes or writes to
// them any more. So fields of whose turn it is to read are live's now.
func (p *Pool) bury(w *worker, b burial) {
	// Not certain means that any call may have started there: without a ledger, with several at
	// once, or after a protocol error, since a worker that breaks it may keep a false ledger.
	certain := false
	var running uint64
	if w.ledger && !w.broken && b.page != nil {
		if l, ok := wire.ReadLedger(b.page, w.reader.Total); ok {
			// The word may name a task that has ended: it changes when the next one starts. The
			// result of that task is in the buffer then, and takes it out of calls before they are
			// judged.
			running = l.Running
			certain = p.receiveUnsent(w, l.Unsent) == nil && w.exact
		}
	}
	p.in.Lock()
	// The lane is free from here on, and no other section finds w in it.
	p.workers[w.lane] = nil
	// Both look at life before buried hides how far w had come.
	booted := w.upLocked()
	dismissed := w.life == leaving
	w.toLocked(buried)
	w.want = nil
	if why := w.endedByLocked(booted); why != "" {
		p.restarts[why]++
	}
	p.care.absentLocked(time.Now(), p)
	p.announceLocked()
	var lost []outcome
	var again []*call
	for _, c := range w.sortedLocked() {
		started := !certain || c.stage.begun() || c.id() == running
		// Asked before suspendLocked ends the wait.
		victim := c.stage != suspended
		// It counts the loss, so it is asked exactly once.
		retried := started && p.mayRetryLocked(w, c, victim)
		p.suspendLocked(w, c, false)
		w.removeLocked(c)
		cause := context.Cause(c.node.Context())
		switch {
		case retried:
			c.until = time.Time{} // it had its worker in time
			again = append(again, c)
		case started:
			lost = append(lost, outcome{call: c, err: w.lostErrorLocked(b, c, p.names[c.fn], victim)})
		case cause != nil:
			// It has not started, and its caller waits no longer.
			lost = append(lost, outcome{call: c, err: cause})
		default:
			// It has not started, so it goes to another worker, Idempotent or not.
			again = append(again, c)
		}
	}
	// In this section, so that no call which is submitted later can overtake them.
	p.requeueLocked(again...)
	if !p.ending { // before who waits for the lost calls hears of it, and submits the next
		if !dismissed {
			// It counts for the rate of replacements. One that was dismissed has ended in order.
			p.boot.diedLocked()
		}
		// A worker that was killed because nobody needed it shows nothing about the program.
		if cause := w.killedBy(); !booted && !errors.Is(cause, quartet.ErrClosed) && !errors.Is(cause, errNotNeeded) {
			p.bootFailedLocked(w, w.bootError(b))
		}
	}
	p.in.Commit()
	p.end(lost)
	// end dispatches only when there were lost calls. The others need a worker in any case.
	p.in.Lock()
	p.dispatchLocked()
	p.in.Commit()
}

// mostDeaths is how many workers a call may cost: it seems to be what ends them.
const mostDeaths = 2

// mayRetryLocked reports whether c, which had started in the dead worker, goes to another. It
// counts the loss. losses counts all workers in which c had started. deaths leaves out those where
// c waited for another call: the running one is the suspect.
func (p *Pool) mayRetryLocked(w *worker, c *call, victim bool) bool {
	t := c.inTroubleLocked()
	t.losses++
	if victim {
		t.deaths++
	}
	return c.again && t.deaths < mostDeaths && t.losses < p.cfg.Attempts && !t.overdue &&
		context.Cause(c.node.Context()) == nil && !errors.Is(w.killedBy(), quartet.ErrClosed)
}

// sortedLocked returns w's calls, the eldest first. The order of their numbers is that of
// acceptance, in which they go to other workers.
func (w *worker) sortedLocked() []*call {
	calls := make([]*call, 0, len(w.calls))
	for _, c := range w.calls {
		calls = append(calls, c)
	}
	slices.SortFunc(calls, func(a, b *call) int { return cmp.Compare(a.id(), b.id()) })
	return calls
}

// receiveUnsent handles bytes as if they had come through the pipe. They pass the same checks,
// since the worker could write anything into its page. The reader may hold the beginning of the
// frame that they continue.
func (p *Pool) receiveUnsent(w *worker, data []byte) error {
	for len(data) > 0 {
		n := copy(w.reader.Room(), data)
		w.reader.Fed(n)
		data = data[n:]
		if err := p.receive(w); err != nil {
			return err
		}
	}
	return nil
}

// killedBy returns why the pool has killed w; nil: it has ended by itself. Of several kills it is
// the cause of the first.
func (w *worker) killedBy() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cause
}

// lostErrorLocked returns the error of c, which had started in w. Stderr is the tail only if c has
// written it, or nobody knows who has.
func (w *worker) lostErrorLocked(b burial, c *call, name string, victim bool) *WorkerLostError {
	return &WorkerLostError{
		PID: w.pid(), ExitCode: b.code, Signal: proc.ExitSignal(b.exit), Func: name, Stderr: w.tail.of(c.id()),
		Victim: victim,
		Cause:  w.killedBy(), Attempts: c.inTroubleLocked().losses,
	}
}

// hint is what to look at first. Only a program that calls New shows by its exit code that it lacks
// Init. Others just end, or are silent.
func (p *Pool) hint() string {
	init := "does the program call procpool.Init() as the first line of main, and of TestMain in tests?"
	if p.foreign() {
		return "does its script start? Or if it is written in Go: " + init
	}
	return init
}

// bootError says how a worker ended that was not ready yet. Its exit codes are those of
// PROTOCOL.md. The output is complete, as capture has ended.
func (w *worker) bootError(b burial) error {
	if b.startErr != nil {
		return fmt.Errorf("starting a worker: %w", b.startErr)
	}
	how := fmt.Sprintf("exit code %d", b.code)
	if signal := proc.ExitSignal(b.exit); signal != "" {
		how = "signal: " + signal
	}
	said := ""
	if tail := w.tail.bytes(); len(tail) > 0 {
		said = "\n\n" + string(tail)
	}
	cause := w.killedBy()
	switch {
	case b.code == wire.ExitNoInit:
		return fmt.Errorf("%w%s", ErrNoInit, said)
	case b.code == wire.ExitMismatch:
		return fmt.Errorf("%w%s", ErrMismatch, said)
	case b.code != 0 && proc.NoThread(w.tail.bytes()) != nil:
		return fmt.Errorf("worker %d: %w%s", w.pid(), proc.NoThread(w.tail.bytes()), said)
	case cause == nil && w.reader.Held() > 0:
		return fmt.Errorf("%w: worker %d ended in the middle of its first frame (%s)%s", ErrProtocol, w.pid(), how,
			said)
	case cause == nil:
		return fmt.Errorf("worker %d ended before it was ready (%s): %s%s", w.pid(), how, w.pool.hint(), said)
	case errors.Is(cause, errBootTimeout):
		return fmt.Errorf("worker %d: %w: %s%s", w.pid(), cause, w.pool.hint(), said)
	}
	return fmt.Errorf("worker %d: %w%s", w.pid(), cause, said)
}
