package eventloop

// NextTick has fn run after the current callback, before any microtask (Node's process.nextTick). On the loop only.
func (l *Loop) NextTick(fn func()) {
	l.onLoop("NextTick", fn)
	l.ticks.push(fn)
}

// Microtask has fn run after the current callback and the ticks (Node's queueMicrotask). On the loop only.
func (l *Loop) Microtask(fn func()) {
	l.onLoop("Microtask", fn)
	l.microtasks.push(entry{fn: fn})
}

// Immediate is a callback of the phase after the posted ones.
type Immediate struct {
	fn    func()
	unref bool
}

// Immediate has fn run in this turn's immediates phase, or in the next turn's when that phase has begun (Node's
// setImmediate). On the loop only, and so are the methods of what it returns.
func (l *Loop) Immediate(fn func()) *Immediate {
	l.onLoop("Immediate", fn)
	if len(l.slab) == 0 {
		l.slab = make([]Immediate, 32) // one allocation for many
	}
	i := &l.slab[0]
	l.slab, i.fn = l.slab[1:], fn
	l.immediates = append(l.immediates, i)
	return i
}

// Stop keeps the callback from running. It reports false when it has run or has been stopped.
func (i *Immediate) Stop() bool {
	stopped := i.fn != nil
	i.fn = nil
	return stopped
}

// Unref lets Run return although the immediate has not run.
func (i *Immediate) Unref() { i.unref = true }

// Ref undoes Unref.
func (i *Immediate) Ref() { i.unref = false }
