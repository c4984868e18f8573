package eventloop

import (
	"bytes"
	"fmt"
	"maps"
	"runtime"
	"strconv"
	"time"

	"github.com/quartet-go/quartet"
)

// Health is a snapshot of how the loop itself does.
type Health struct {
	Lag        quartet.Histogram // how late timers fired (Node's monitorEventLoopDelay)
	Turns      uint64
	Timers     uint64 // callbacks of the timers phase
	Posted     uint64 // posted callbacks, task starts and task resumptions
	Immediates uint64
	Ticks      uint64
	Microtasks uint64
	Idle       time.Duration  // parked since New
	Up         time.Duration  // since New; 1-Idle/Up is Node's eventLoopUtilization
	MaxPosted  int            // the most that was posted at once
	MaxBlocked int            // the most functions of quartet.Block at once
	Holds      map[string]int // KeepAlive, by name
}

// health is guarded as the field's comment says.
type health struct {
	// Of the loop's goroutine; published by the loop when it parks or a turn ends.
	lag               quartet.Histogram
	turns             uint64
	called            [phases]uint64
	ticks, microtasks uint64
	idle              time.Duration

	// Locked.
	maxPosted int
	holds     map[string]int
	published Health
}

// queued is locked.
func (h *health) queued(n int) { h.maxPosted = max(h.maxPosted, n) }

// hold is locked.
func (h *health) hold(name string, n int) {
	if h.holds == nil {
		h.holds = make(map[string]int)
	}
	if h.holds[name] += n; h.holds[name] == 0 {
		delete(h.holds, name)
	}
}

// publish is locked, on the loop's goroutine.
func (h *health) publish() {
	h.published = Health{
		Lag: h.lag, Turns: h.turns, Idle: h.idle,
		Timers: h.called[timersPhase], Posted: h.called[postedPhase], Immediates: h.called[immediatesPhase],
		Ticks: h.ticks, Microtasks: h.microtasks,
	}
}

// Stats returns a snapshot of the loop's tasks; posted callbacks and timers are in Health.
func (l *Loop) Stats() quartet.Stats { return l.in.Stats() }

// Health returns a snapshot, as of the last time the loop parked.
func (l *Loop) Health() Health {
	l.in.Lock()
	defer l.in.Unlock()
	h := l.health.published
	h.Up, h.MaxPosted, h.MaxBlocked, h.Holds = l.now(), l.health.maxPosted, l.blocking.peak, maps.Clone(l.health.holds)
	return h
}

// watch switches the watchdog: it looks while the loop is not parked, and an idle loop has no timer.
func (l *Loop) watch(on bool) {
	l.in.Lock()
	defer l.in.Unlock()
	l.health.publish()
	switch {
	case on && l.dog == nil:
		l.watching.Add(1)
		l.dog = time.AfterFunc(l.cfg.SlowCallback, l.look)
	case on:
		l.watching.Add(1)
		l.dog.Reset(l.cfg.SlowCallback)
	case l.dog != nil && l.dog.Stop():
		l.watching.Done()
	}
	l.awake = on
}

// look reports a callback that keeps the loop, once.
func (l *Loop) look() {
	defer l.watching.Done()
	began := time.Duration(l.began.Load())
	ran := l.now() - began
	next := l.cfg.SlowCallback
	switch {
	case began == 0 || began == l.barked:
	case ran < next:
		next -= ran
	default:
		l.barked = began
		l.cfg.OnSlow(ran, liveStacks())
	}
	l.in.Lock()
	defer l.in.Unlock()
	if l.awake {
		l.watching.Add(1)
		l.dog.Reset(next)
	}
}

func stacks() []byte {
	buf := make([]byte, 1<<20)
	return buf[:runtime.Stack(buf, true)]
}

// liveStacks are the stacks of coroutines that run, or block, now: the loop's among them. One that has switched away
// shows as "coroutine".
func liveStacks() []byte {
	var live [][]byte
	for stack := range bytes.SplitSeq(stacks(), []byte("\n\n")) {
		header, _, _ := bytes.Cut(stack, []byte("\n"))
		if bytes.Contains(stack, []byte("internal/fiber.(*Fiber).call(")) && !bytes.Contains(header, []byte("[coroutine")) {
			live = append(live, stack)
		}
	}
	return bytes.Join(live, []byte("\n\n"))
}

// own notes the goroutine that has the loop, for the checks under Debug: each coroutine has a number of its own.
func (l *Loop) own() {
	if l.cfg.Debug {
		l.ownerID.Store(goroutineID())
	}
}

// checkGoroutine panics under Debug when what is called off the loop's goroutine.
func (l *Loop) checkGoroutine(what string) {
	if !l.cfg.Debug {
		return
	}
	if id := goroutineID(); id != l.ownerID.Load() {
		panic(fmt.Sprintf("eventloop: %s off the loop's goroutine\n\nthe caller and the loop:\n%s", what, stacks()))
	}
}

func (l *Loop) onLoop(call string, fn func()) {
	if fn == nil {
		panic("eventloop: " + call + " of a nil func")
	}
	l.checkGoroutine(call)
}

// goroutineID reads the number from the head of the stack dump: "goroutine 7 [running]". It costs microseconds.
func goroutineID() int64 {
	buf := make([]byte, 64)
	buf = buf[len("goroutine "):runtime.Stack(buf, false)]
	id, _ := strconv.ParseInt(string(buf[:bytes.IndexByte(buf, ' ')]), 10, 64)
	return id
}
