package eventloop

import (
	"context"
	"errors"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/fiber"
)

// errStopped is what Stop leaves: it is no error of Run's.
var errStopped = errors.New("eventloop: stopped")

// Run runs the loop on the calling goroutine until nothing keeps it alive (as Node ends): no posted callback, unfinished
// task, referenced timer or immediate, or hold. It returns nil then, and after Stop, Shutdown and Close; ctx's cause when
// ctx ends; a *quartet.PanicError under Config.StopOnPanic. When it is to end while tasks wait, it cancels their contexts
// and goes on until they have ended. Run may be called again: what is queued waits for it. While the loop runs already, Run
// returns [ErrRunning]; after Close, [quartet.ErrClosed].
func (l *Loop) Run(ctx context.Context) error {
	if err := l.begin(); err != nil {
		return err
	}
	unwatch := context.AfterFunc(ctx, func() { l.stopWith(context.Cause(ctx)) })
	defer unwatch()
	return l.run()
}

// Start runs the loop on a goroutine of its own and keeps it alive until Shutdown or Close. It panics when the loop runs
// already or is closed.
func (l *Loop) Start() {
	if err := l.begin(); err != nil {
		panic("eventloop: Start: " + err.Error())
	}
	l.in.Lock()
	l.held++
	l.health.hold("Start", 1)
	l.in.Unlock()
	go l.background()
}

func (l *Loop) background() {
	if err := l.run(); err != nil {
		l.in.Lock()
		l.startErr = err
		l.in.Unlock()
	}
}

func (l *Loop) begin() error {
	l.in.Lock()
	defer l.in.Unlock()
	switch {
	case l.running:
		return ErrRunning
	case l.in.Drained():
		return quartet.ErrClosed
	}
	l.running, l.stop, l.leaving, l.done = true, nil, false, make(chan struct{})
	l.attention.Store(0)
	l.nextDue.Store(int64(l.firstTimer(l.now(), false).when))
	l.dog.off = false
	l.armWatchdog()
	return nil
}

// run drives the turns in a coroutine, so that a callback's panic or exit is seen here, and a new coroutine goes on where
// the old one was.
func (l *Loop) run() error {
	defer l.end()
	for !l.resumeDriver(l.drive) {
	}
	return l.result()
}

// resumeDriver runs the loop in a coroutine, and reports false where a callback ended it.
func (l *Loop) resumeDriver(drive func()) (returned bool) {
	switch f := l.fibers.New(drive); f.Resume() {
	case fiber.Panicked:
		l.fail(f.PanicError())
	case fiber.Exited:
		l.fail(quartet.ErrGoexit)
	default:
		return true
	}
	return false
}

func (l *Loop) result() error {
	l.in.Lock()
	defer l.in.Unlock()
	if l.stop == errStopped {
		return nil
	}
	return l.stop
}

func (l *Loop) end() {
	l.restWatchdog()
	if l.live == 0 { // else Step left tasks
		l.endBlockers()
		l.fibers.Close()
	}
	l.in.Lock()
	if l.closed { // meanwhile, and it counted on this Run
		l.dropTurn()
	}
	l.releasePosts()
	l.running = false
	l.health.publish()
	close(l.done)
	l.in.Unlock()
}

// Stop makes Run return after the current callback and what follows it, with everything queued kept for another Run. It
// does nothing when the loop does not run. Tasks that have started are cancelled first, and end.
func (l *Loop) Stop() { l.stopWith(errStopped) }

func (l *Loop) stopWith(why error) {
	l.in.Lock()
	first := l.running && l.stop == nil
	if first {
		l.stop = why
		l.attention.Or(stopAsked)
		l.rouse()
	}
	l.in.Unlock()
	if first {
		l.in.CancelStarted(why)
	}
}

// Shutdown refuses new work from outside and waits until every accepted task and posted callback has ended, every
// connection has closed and every KeepAlive has been released; timers that are still to fire then never do. When ctx
// ends first, it cancels the contexts of the tasks that have started, abandons what is queued, and returns ctx's cause
// without waiting further. With the ctx of a task of this loop it begins the shutdown and returns [quartet.ErrInside].
// It waits for somebody to Run the loop; at its nil return that Run is over. It must not be called from a callback.
// What it waits for is logged once after Config.CloseWarning, by name.
func (l *Loop) Shutdown(ctx context.Context) error {
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

// Close drops what is posted, abandons what is queued and cancels what has started, with cause [quartet.ErrClosed], and
// waits until the loop is over. It must not be called on the loop. Its error is the panic that ended a loop that was
// started with Start, under Config.StopOnPanic.
func (l *Loop) Close() error {
	l.closeListeners()
	l.refusePosts()
	l.in.Cancel()
	l.dropPosted()
	l.finishSteps()
	l.in.CancelAndWait()
	l.join()
	l.in.Lock()
	defer l.in.Unlock()
	return l.startErr
}

// dropPosted forgets the callbacks that no turn has taken yet.
func (l *Loop) dropPosted() {
	l.in.Lock()
	defer l.in.Unlock()
	l.health.dropped += uint64(l.inbox.drop(isCallback))
	l.closed = true
	l.cancelErrands()
	l.abortConns()
	l.in.Release(len(l.owed))
	clear(l.owed)
	if !l.running {
		l.dropTurn()
	}
	l.endPosts()
}

func isCallback(e entry) bool { return e.fn != nil }

// dropTurn is locked: it forgets what a Run that was stopped had left of its turn.
func (l *Loop) dropTurn() {
	t := &l.turn
	t.posted.drop(func(e entry) bool {
		if isCallback(e) {
			l.health.dropped++
		} else { // tasks that Step left waiting
			l.push(e)
		}
		return true
	})
	l.turn = turn{fresh: true}
	l.waiveConns()
}

// join waits for the end of the Run of a drained loop.
func (l *Loop) join() {
	l.in.Lock()
	running, done := l.running, l.done
	l.rouse()
	l.in.Unlock()
	if running {
		<-done
	}
	l.helpers.Wait()
}
