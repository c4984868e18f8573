package procpool

import (
	"context"
	"fmt"
	"time"

	"github.com/quartet-go/quartet"
)

// Shutdown refuses new work from outside and waits until all that was accepted has ended. When ctx
// ends first, it cancels the contexts of the tasks that have started, abandons the queued ones with
// [quartet.ErrClosed], and returns ctx's cause without waiting further. At its nil return no
// process, goroutine or timer of the pool is left.
func (p *Pool) Shutdown(ctx context.Context) error {
	p.made()
	p.stop()
	if err := p.in.Drain(ctx); err != nil {
		return err
	}
	p.dismiss()
	return nil
}

// Close abandons queued calls and cancels started ones, with cause [quartet.ErrClosed]; workers
// whose tasks have not returned after Config.Grace are killed, with their groups. It waits until no
// process, goroutine or timer of the pool is left. The error is always nil.
func (p *Pool) Close() error {
	p.made()
	// The calls of killed workers are lost, which ends the wait in CancelAndWait.
	defer p.killLater()()
	p.stop()
	p.in.CancelAndWait()
	p.dismiss()
	return nil
}

// errPoolEnds kills the workers of a Close whose grace is over. It wraps ErrClosed: so bury tries
// no call again, and does not count the death against the program.
var errPoolEnds = fmt.Errorf("%w: the worker had not ended within Config.Grace", quartet.ErrClosed)

// killLater has all workers killed after Config.Grace, until stop is called. When stop has returned
// no goroutine is left.
func (p *Pool) killLater() (stop func()) {
	killed := make(chan struct{})
	timer := time.AfterFunc(p.cfg.Grace, func() {
		defer close(killed)
		p.killAll()
	})
	return func() {
		if !timer.Stop() {
			<-killed
		}
	}
}

// killAll ends a Close whose grace is over: calls that are to be resent, too, have no worker to go
// to.
func (p *Pool) killAll() {
	p.in.Lock()
	workers := p.liveLocked()
	p.in.Commit()
	for _, w := range workers {
		w.kill(errPoolEnds)
	}
}

// dismiss ends all workers of a drained pool and waits until they, and their goroutines, are gone.
// Once ending is set no worker, timer or Reload begins, so exited only falls.
func (p *Pool) dismiss() {
	p.in.Lock()
	p.ending = true
	p.announceLocked()
	p.boot.stopLocked(&p.exited)
	p.keepWatchLocked(nil)
	p.care.stopLocked(p)
	workers := p.liveLocked()
	for _, w := range workers {
		if w.life == booting { // nothing runs there
			w.kill(errPoolEnds)
		}
	}
	p.in.Commit()
	defer p.killLater()()
	// No call is left, but a function of WorkerExit may hang: Grace counts once more.
	for _, w := range workers {
		w.dismiss()
	}
	p.exited.Wait()
}
