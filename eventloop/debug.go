package eventloop

import (
	"fmt"
	"runtime"

	"github.com/quartet-go/quartet/internal/goid"
)

// onLoop refuses a nil fn and, under Debug, a call from off the loop's goroutine.
func (l *Loop) onLoop(call string, fn func()) {
	if fn == nil {
		panic("eventloop: " + call + " of a nil func")
	}
	if l.cfg.Debug {
		l.checkGoroutine(call)
	}
}

// checkGoroutine panics under Debug if the caller is off the loop's goroutine.
func (l *Loop) checkGoroutine(what string) {
	if l.cfg.Debug && !l.inside() {
		panic(fmt.Sprintf("eventloop: %s off the loop's goroutine\n\nthe caller and the loop:\n%s", what,
			goid.Stacks()))
	}
}

// origin says where a callback was given to the loop. It is known only under Debug. The string is
// made for each callback that is given to the loop, which is why only Debug has it.
type origin struct {
	fn    func()
	where string
}

func (o *origin) name() string { return nameOf(o.fn) + ", given to the loop at " + o.where }

// placed returns, under Debug, fn as one that notes where the caller of the exported method gave it
// to the loop. It is called by the exported method itself: Caller(2) is that method's caller.
func (l *Loop) placed(fn func()) func() {
	_, file, line, _ := runtime.Caller(2)
	o := &origin{fn, fmt.Sprintf("%s:%d", file, line)}
	return func() {
		l.origin.Store(o)
		o.fn()
	}
}
