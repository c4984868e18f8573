package eventloop

// NextTick has fn run after the current callback, before any microtask (Node's process.nextTick).
// On the loop only.
func (l *Loop) NextTick(fn func()) {
	l.made()
	l.onLoop("NextTick", fn)
	l.ticks.push(l.watched(QueueTicks, l.seen(QueueTicks), fn))
}

// Microtask has fn run after the current callback and the ticks (Node's queueMicrotask). On the
// loop only.
func (l *Loop) Microtask(fn func()) {
	l.made()
	l.onLoop("Microtask", fn)
	l.microtasks.push(entry{fn: l.watched(QueueMicrotasks, l.seen(QueueMicrotasks), fn)})
}

// Immediate is a callback of the immediates phase.
type Immediate struct {
	fn      func() // nil: it has run, or was stopped
	unref   bool
	dropped func() // tells Config.Callbacks that it was stopped; nil: nobody looks
}

// Immediate has fn run in this turn's immediates phase or, if that phase has begun, in the next
// turn's (Node's setImmediate). It and the methods of its result may be called on the loop only.
func (l *Loop) Immediate(fn func()) *Immediate {
	l.made()
	l.onLoop("Immediate", fn)
	if len(l.slab) == 0 {
		l.slab = make([]Immediate, 32) // one allocation for many
	}
	i := &l.slab[0]
	// Each Immediate is used once, and not taken back: its owner may call Stop for ever.
	l.slab, i.fn = l.slab[1:], fn
	if number := l.seen(QueueImmediates); number != 0 {
		i.fn = l.watched(QueueImmediates, number, fn)
		i.dropped = func() { l.dropped(QueueImmediates, number) }
	}
	l.immediates = append(l.immediates, i)
	return i
}

// Stop keeps the callback from running. It reports false if the callback has run or was stopped
// before.
func (i *Immediate) Stop() bool {
	stopped := i.fn != nil
	i.fn = nil
	if stopped && i.dropped != nil {
		i.dropped()
	}
	return stopped
}

// Unref lets Run return although the immediate has not run, which then never does. Where something
// else keeps the loop alive when the phase begins, it runs.
func (i *Immediate) Unref() { i.unref = true }

// Ref undoes Unref.
func (i *Immediate) Ref() { i.unref = false }
