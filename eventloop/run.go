package eventloop

import (
	"context"
	"errors"
	"time"

	"github.com/quartet-go/quartet/internal/goid"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/fiber"
)

// errStopped marks a Run that Stop has ended. Run does not return it.
var errStopped = errors.New("eventloop: stopped")

// Run runs the loop on the calling goroutine until nothing keeps it alive (as Node ends): no posted
// callback, unfinished task, referenced timer or immediate, or hold. It returns nil then, and after
// Stop, Shutdown and Close; ctx's cause when ctx ends; a *quartet.PanicError under
// Config.StopOnPanic. When it is to end while tasks wait, it cancels their contexts and goes on
// until they have ended. Run may be called again; queued work waits for that. While the loop runs
// already, Run returns [ErrRunning]; after Close, [quartet.ErrClosed]. A Run whose ctx has ended
// runs nothing.
func (l *Loop) Run(ctx context.Context) error {
	l.made()
	if ctx == nil {
		panic("eventloop: Run with a nil Context")
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := l.beginAfterStop(ctx); err != nil {
		return err
	}
	unwatch := context.AfterFunc(ctx, func() { l.stopWith(context.Cause(ctx)) })
	defer unwatch()
	return l.run()
}

// Start runs the loop on a goroutine of its own and keeps it alive until Stop, Shutdown or Close.
// It panics when the loop runs already or is closed. After Stop it may be called again, off the
// loop: it waits for the end of the Run before. The goroutine is a helper, so Close waits for it.
func (l *Loop) Start() {
	l.made()
	if err := l.beginAfterStop(context.Background()); err != nil {
		panic("eventloop: Start: " + err.Error())
	}
	release := l.holdStart()
	l.helpers.Go(func() { l.background(release) })
}

// background is the goroutine of Start, one of the loop's helpers. It keeps the error for Close,
// since nobody else gets what run returns here.
func (l *Loop) background(release func()) {
	err := l.run()
	release()
	if err != nil {
		l.in.Lock()
		l.startErr = err
		l.in.Commit()
	}
}

// holdStart keeps the loop alive although nothing else may.
func (l *Loop) holdStart() (release func()) {
	// Both counts change under one lock, so that Health never shows a loop that lives without a
	// reason.
	hold := func(n int) {
		l.in.Lock()
		defer l.in.Commit()
		l.holdLocked(n)
		l.health.holdLocked("Start", n)
	}
	hold(1)
	return func() { hold(-1) }
}

// beginAfterStop is begin that waits for the end of a Run which has been stopped. Stop does not
// wait, so Stop and Run in a row would otherwise fail by chance with ErrRunning. It does not wait
// on the loop itself, or in OnSlow, which the end of a Run waits for: it would wait for its own
// caller. Another Run may begin first after done is closed; then the look starts anew.
func (l *Loop) beginAfterStop(ctx context.Context) error {
	for {
		err := l.begin()
		if err != ErrRunning {
			return err
		}
		l.in.Lock()
		stopped, done := l.stop != nil, l.done
		l.in.Commit()
		if !stopped || l.holdsUp() {
			return err
		}
		select {
		case <-done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// begin makes the caller the loop's goroutine. Its counterpart is end. It clears what the Run
// before has left: a stop, and bits of attention that were set too late to be seen.
func (l *Loop) begin() error {
	l.in.Lock()
	defer l.in.Commit()
	switch {
	case l.running:
		return ErrRunning
	case l.in.DrainedLocked():
		return quartet.ErrClosed
	}
	l.running, l.stop, l.leaving, l.done = true, nil, false, make(chan struct{})
	l.attention.Store(0)
	l.health.idle += l.now() - l.parkedAt // the time outside of a Run counts as idle
	// The Run before may have ended in leave, which notes the first sleep of a task only.
	l.nextDue.Store(int64(l.firstTimerLocked(l.now(), false).when))
	l.dog.off = false
	l.armWatchdogLocked()
	return nil
}

// run drives the turns in a coroutine. When a callback panics or exits, run sees it, and a new
// coroutine goes on where the old one was.
//
// The turns need a coroutine since a callback may call Goexit, which nothing can stop: it ends the
// goroutine that it is on, and that must not be Run's caller's. Where the turn stands is kept in
// the Loop, so the next coroutine goes on with the next callback.
func (l *Loop) run() error {
	defer l.end()
	// A Run that begins in the middle of a turn, where a Stop came between two callbacks of a
	// phase, goes on with the rest of that phase. Else it begins with the timers, as uv_run does.
	l.turn.begins = l.turn.fresh && l.turn.phase <= postedPhase // and not where a Run was stopped in the middle
	if l.turn.begins {
		l.turn.phase = timersPhase
	}
	for !l.resumeDriver(l.drive) {
	}
	return l.result()
}

// resumeDriver runs the loop in a coroutine. It reports false if a callback has ended the
// coroutine. The panic or Goexit has been caught in the fiber, so the goroutine that called Run is
// whole.
func (l *Loop) resumeDriver(drive func()) (returned bool) {
	f := l.fibers.New(drive)
	l.driving = f
	switch f.Resume() {
	case fiber.Panicked:
		l.failOutside(f.PanicError())
	case fiber.Exited:
		l.failOutside(quartet.ErrGoexit)
	default:
		return true
	}
	return false
}

// failOutside is fail on the goroutine that called Run. The hook is inside the loop there, too.
// Without the new number the hook would be taken for another goroutine. Its wait for the loop would
// hang, where it has to return ErrDeadlock.
func (l *Loop) failOutside(err error) {
	l.driver.Store(goid.Number())
	l.fail(err)
}

// result maps the reason for the stop to what Run returns: Stop is an ordinary end.
func (l *Loop) result() error {
	l.in.Lock()
	defer l.in.Commit()
	if l.stop == errStopped {
		return nil
	}
	return l.stop
}

// end gives up what only a running loop needs, and then, in one section, the role of the loop's
// goroutine. The watchdog rests first: its callback may still be in OnSlow, and nothing of the loop
// may run after Run has returned. done is closed under the lock, so that whoever sees running false
// sees done closed too.
func (l *Loop) end() {
	l.restWatchdog()
	if l.live == 0 { // else Step left tasks, whose fibers the next Step needs
		l.endBlockers()
		l.fibers.Close()
	}
	// Idle loops hold no descriptor of the system.
	l.poller.rest()
	l.in.Lock()
	if l.closed { // meanwhile, and it counted on this Run
		l.dropInboxLocked()
		l.dropTurnLocked()
	}
	l.releasePostsLocked()
	// The last one to drive may have been Run's caller, in failOutside, which is outside from now
	// on.
	l.driver.Store(0)
	l.running, l.parkedAt = false, l.now()
	l.health.publishLocked()
	close(l.done)
	l.in.Commit()
}

// Stop makes Run return after the current callback and its ticks and microtasks. Queued work is
// kept for another Run. Run cancels the started tasks first, and waits for their end. If the loop
// does not run, Stop does nothing. It may be called from any goroutine, also on the loop itself,
// and does not wait.
func (l *Loop) Stop() {
	l.made()
	l.stopWith(errStopped)
}

// stopWith asks the Run that is under way to return, with why as its reason. The first reason
// counts. The contexts of tasks are cancelled after the unlock, since that runs AfterFuncs and
// thereby code of others. A task that starts meanwhile may be missed; leave finds it.
func (l *Loop) stopWith(why error) {
	l.in.Lock()
	first := l.running && l.stop == nil
	if first {
		l.stop = why
		l.attention.Or(stopAsked)
		l.rouseLocked()
	}
	l.in.Commit()
	if first {
		l.in.CancelStarted(why)
	}
}

// Shutdown refuses new work from outside and waits until every accepted task and posted callback
// has ended, every connection has closed and every KeepAlive has been released; timers that are
// still to fire then never do. When ctx ends first, it cancels the contexts of the started tasks,
// abandons the queued ones, and returns ctx's cause without waiting further. On the loop, or with
// the ctx of one of its tasks, it begins the shutdown and returns [quartet.ErrInside]. It waits for
// somebody to Run the loop; at its nil return that Run is over. After Config.CloseWarning it logs
// once, by name, what it still waits for.
func (l *Loop) Shutdown(ctx context.Context) error {
	l.made()
	if l.holdsUp() {
		l.closeListeners()
		l.refusePosts()
		l.in.Refuse()
		return quartet.ErrInside
	}
	warning := time.AfterFunc(l.cfg.CloseWarning, func() { l.in.Warn("Shutdown") })
	defer warning.Stop()
	l.closeListeners()
	l.refusePosts()
	if err := l.in.Drain(ctx); err != nil {
		if !errors.Is(err, quartet.ErrInside) {
			l.dropPosted()
		}
		return err
	}
	l.join()
	return nil
}

// Close drops posted callbacks, abandons queued tasks, cancels started ones with cause
// [quartet.ErrClosed], and waits until the loop is over. On the loop it does not wait: it returns
// [quartet.ErrInside], and the Run ends after the callback; a later Close waits for that. (Off the
// loop, in a function that a task has given to quartet.Block, say, it would wait for its own
// caller.) Its error else is the panic that ended a loop that was started with Start, under
// Config.StopOnPanic.
func (l *Loop) Close() error {
	l.made()
	holdsUp := l.holdsUp()
	l.closeListeners()
	l.refusePosts()
	// Before the wait, closed is set (in dropPosted): from then on Offload takes no work, not even
	// from the tasks that are being cancelled.
	l.in.Cancel()
	l.dropPosted()
	if holdsUp {
		return quartet.ErrInside
	}
	l.finishSteps()
	l.in.CancelAndWait()
	l.join()
	l.in.Lock()
	defer l.in.Commit()
	return l.startErr
}

// dropPosted drops the callbacks that no turn has taken yet. It is the part of Close that Shutdown
// shares when its ctx has ended. A callback has nobody to tell; Health.Dropped counts it.
func (l *Loop) dropPosted() {
	l.in.Lock()
	defer l.in.Commit()
	l.dropInboxLocked()
	l.closed = true
	l.cancelErrandsLocked()
	l.abortConnsLocked()
	l.health.dropped += uint64(len(l.owed))
	l.in.ReleaseLocked(len(l.owed))
	clear(l.owed)
	// A Run that is under way drops its own turn when it ends: the turn belongs to its goroutine.
	if !l.running {
		l.dropTurnLocked()
	}
	l.endPostsLocked()
}

// dropInboxLocked drops the callbacks that no turn has taken yet. A connection may post more of
// them until its end, so a Run that is stopped drops them once more.
func (l *Loop) dropInboxLocked() { l.health.dropped += uint64(l.inbox.drop(isCallback)) }

func isCallback(e entry) bool { return e.fn != nil }

// dropTurnLocked: and nobody runs the loop. It drops the rest of a turn in the middle of which
// a Run was stopped. Entries of tasks go back to the posts: finishSteps has to resume those tasks.
func (l *Loop) dropTurnLocked() {
	t := &l.turn
	t.posted.drop(func(e entry) bool {
		if isCallback(e) {
			l.health.dropped++
		} else { // tasks that Step left waiting
			l.pushLocked(e)
		}
		return true
	})
	l.turn = turn{fresh: true}
	l.waiveConnsLocked()
}

// join waits for the end of the Run of a drained loop. The helpers wait for contexts, sockets or a
// result that Close has ended or cancelled by now. The poller rests last, since connections leave
// it as they end. Two callers may be here at once; both wait for the same.
func (l *Loop) join() {
	l.in.Lock()
	running, done := l.running, l.done
	l.rouseLocked()
	l.in.Commit()
	if running {
		<-done
	}
	l.helpers.Wait()
	l.poller.rest()
}
