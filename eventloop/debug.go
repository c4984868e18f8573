package eventloop

import (
	"bytes"
	"fmt"
	"runtime"
	"strconv"
)

// own notes the goroutine that has the loop, for the checks under Debug: each coroutine has a number of its own.
func (l *Loop) own() {
	if l.cfg.Debug {
		l.ownerID.Store(goroutineID())
	}
}

// onLoop refuses a nil fn and, under Debug, a call from off the loop's goroutine.
func (l *Loop) onLoop(call string, fn func()) {
	if fn == nil {
		panic("eventloop: " + call + " of a nil func")
	}
	if l.cfg.Debug {
		l.checkGoroutine(call)
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

// goroutineID reads the number from the head of the stack dump: "goroutine 7 [running]". It costs microseconds.
func goroutineID() int64 {
	buf := make([]byte, 64)
	buf = buf[len("goroutine "):runtime.Stack(buf, false)]
	id, _ := strconv.ParseInt(string(buf[:bytes.IndexByte(buf, ' ')]), 10, 64)
	return id
}

// place is where a callback was given to the loop, known under Debug.
type place struct {
	fn    func()
	where string
}

func (p *place) name() string { return nameOf(p.fn) + ", given to the loop at " + p.where }

// placed returns, under Debug, fn as one that notes where the caller of the exported method gave it to the loop.
func (l *Loop) placed(fn func()) func() {
	_, file, line, _ := runtime.Caller(2)
	p := &place{fn, fmt.Sprintf("%s:%d", file, line)}
	return func() {
		l.place.Store(p)
		p.fn()
	}
}
