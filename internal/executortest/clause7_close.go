package executortest

import (
	"context"
	"log"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing/synctest"
	"time"

	"github.com/quartet-go/quartet"
)

var clause7Close = []test{
	{"C7_Close/cancels_running_with_errclosed_and_waits", 0, c7CloseRunning},
	{"C7_Close/cancels_waiting_with_errclosed", queues, c7CloseWaiting},
	{"C7_Close/abandons_queued_with_errclosed_at_once", queues, c7CloseQueued},
	{"C7_Close/ends_a_shutdown", 0, c7CloseShutdown},
	{"C7_Close/concurrent", 0, c7CloseConcurrent},
	{"C7_Close/blocked_submitters_return", queues, c7CloseBlocked},
	{"C7_Close/logs_once_what_it_waits_for", queues, c7CloseWarning},
}

func c7CloseRunning(e *env) {
	r := e.runner(Options{})
	g := newGate()
	o := launch(background, r, func(ctx context.Context) (error, error) {
		<-ctx.Done()
		g.wait(ctx)
		return context.Cause(ctx), nil
	})
	closed := asideErr(r.Close)
	equal(e, "Close has returned while a task runs", closed.ended(), false)
	equal(e, "the task saw its ctx end", g.at.Load(), 1)
	g.open()
	_, err := closed.wait(e)
	ok(e, "Close", err)
	cause, err := o.wait(e)
	ok(e, "what fn returned", err)
	is(e, "cause in the task", cause, quartet.ErrClosed)
}

func c7CloseWaiting(e *env) {
	r := e.runner(Options{})
	var fs []*quartet.Future[none]
	for range 3 * e.size {
		fs = append(fs, quartet.Go(background, r, forever))
	}
	synctest.Wait()
	ok(e, "Close", r.Close())
	for _, f := range fs {
		_, err := f.Result()
		is(e, "Suspend in the task", err, quartet.ErrClosed)
	}
}

func c7CloseQueued(e *env) {
	r := e.runner(Options{})
	g := e.hold(r, e.size)
	var fs []*quartet.Future[none]
	for range 10 {
		fs = append(fs, quartet.Go(background, r, nothing))
	}
	closed := asideErr(r.Close)
	equal(e, "Close has returned while tasks run", closed.ended(), false)
	for _, f := range fs {
		_, err := f.Result()
		is(e, "queued", err, quartet.ErrClosed)
	}
	g.open()
	_, err := closed.wait(e)
	ok(e, "Close", err)
}

func c7CloseShutdown(e *env) {
	r := e.runner(Options{})
	o := launch(background, r, func(ctx context.Context) (none, error) {
		<-ctx.Done()
		return none{}, context.Cause(ctx)
	})
	down := asideErr(func() error { return r.Shutdown(e.ctx()) })
	equal(e, "Shutdown has returned", down.ended(), false)
	ok(e, "Close", r.Close())
	_, err := down.wait(e)
	ok(e, "Shutdown", err)
	_, err = o.wait(e)
	is(e, "cause in the task", err, quartet.ErrClosed)
}

func c7CloseConcurrent(e *env) {
	r := e.runner(Options{})
	g := newGate()
	o := launch(background, r, func(ctx context.Context) (none, error) { g.wait(ctx); return none{}, nil })
	var ends []*outcome[none]
	for i := range 8 {
		if i%2 == 0 {
			ends = append(ends, asideErr(r.Close))
		} else {
			ends = append(ends, asideErr(func() error { return r.Shutdown(e.ctx()) }))
		}
	}
	for _, c := range ends {
		equal(e, "has returned while a task runs", c.ended(), false)
	}
	g.open()
	for _, c := range ends {
		_, err := c.wait(e)
		ok(e, "end", err)
	}
	_, err := o.wait(e)
	ok(e, "task", err)
}

func c7CloseBlocked(e *env) {
	r := e.runner(Options{Queue: 1})
	g := e.hold(r, e.size)
	ok(e, "submit", r.SubmitTask(background, &probe{}))
	var probes [10]probe
	var os []*outcome[none]
	for i := range probes {
		os = append(os, asideErr(func() error { return r.SubmitTask(background, &probes[i]) }))
	}
	synctest.Wait()
	closed := asideErr(r.Close)
	for i, o := range os {
		equal(e, "blocked submitter has returned", o.ended(), true)
		is(e, "blocked submitter", o.err, quartet.ErrClosed)
		equal(e, "outcomes", probes[i].outcomes(), 0)
	}
	g.open()
	_, err := closed.wait(e)
	ok(e, "Close", err)
}

func c7CloseWarning(e *env) {
	warnings := e.warnings()
	r := e.runner(Options{})
	g := e.hold(r, 1)
	closed := asideErr(r.Close)
	time.Sleep(9 * time.Second)
	synctest.Wait()
	equal(e, "warnings after 9 s", warnings(), 0)
	time.Sleep(2 * time.Second)
	synctest.Wait()
	equal(e, "warnings after 11 s", warnings(), 1)
	time.Sleep(time.Hour)
	synctest.Wait()
	equal(e, "warnings after an hour", warnings(), 1)
	g.open()
	_, err := closed.wait(e)
	ok(e, "Close", err)
}

// warnings counts the log lines about Close from now on. A loop may warn of the task that holds it
// as well.
func (e *env) warnings() (count func() int) {
	logger, out, flags := slog.Default(), log.Writer(), log.Flags()
	e.Cleanup(func() {
		slog.SetDefault(logger)
		log.SetOutput(out) // which the first SetDefault had changed
		log.SetFlags(flags)
	})
	var h closeWarnings
	slog.SetDefault(slog.New(&h))
	return func() int { return int(h.n.Load()) }
}

// closeWarnings is a handler that counts the warnings of Close.
type closeWarnings struct{ n atomic.Int64 }

func (h *closeWarnings) Enabled(context.Context, slog.Level) bool { return true }
func (h *closeWarnings) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h *closeWarnings) WithGroup(string) slog.Handler            { return h }

func (h *closeWarnings) Handle(_ context.Context, r slog.Record) error {
	if r.Level == slog.LevelWarn && strings.Contains(r.Message, "Close") {
		h.n.Add(1)
	}
	return nil
}
