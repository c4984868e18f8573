package fiber

import (
	"runtime"

	"github.com/quartet-go/quartet"
)

// PanicError returns what the function panicked with, after Panicked.
func (f *Fiber) PanicError() *quartet.PanicError {
	if err, ok := f.Value.(*quartet.PanicError); ok {
		return err // panicked with again, on the way here
	}
	return &quartet.PanicError{Value: f.Value, Stack: f.Stack}
}

// Captured is how a function ended that one goroutine runs on behalf of another.
type Captured struct {
	panicked *quartet.PanicError
	exited   bool
}

// Run runs fn. A panic is kept; a Goexit goes on, and is noted. exited is set first and taken back
// by the return, as a Goexit runs only the deferred calls, where recover gives nil.
func (c *Captured) Run(fn func()) {
	c.exited = true
	defer func() {
		if v := recover(); v != nil {
			c.panicked, c.exited = quartet.NewPanicError(v), false
		}
	}()
	fn()
	c.exited = false
}

// Repeat panics or exits as the function did. It is called after Run, by whoever waited for its
// end.
func (c *Captured) Repeat() {
	switch {
	case c.panicked != nil:
		panic(c.panicked)
	case c.exited:
		runtime.Goexit()
	}
}
