package eventloop

import "github.com/quartet-go/quartet"

// Step runs, on the calling goroutine, the next callback that can run now, with its ticks and
// microtasks, and reports whether there was one. It never waits: after false, only a timer or
// another goroutine can bring the next callback. It is for tests, and for showing the order of
// things. Under Config.Clock it jumps to the next timer when nothing else can run. Tasks stay
// suspended from one Step to the next, and Run may take over. err is [ErrRunning],
// [quartet.ErrClosed], or the error of Run if something stops the loop meanwhile.
func (l *Loop) Step() (ran bool, err error) {
	l.made()
	if err := l.begin(); err != nil {
		return false, err
	}
	defer l.end()
	ran = true
	l.resumeDriver(func() { ran = l.turnUntilRan() })
	return ran, l.result()
}

// RunUntilIdle calls Step until nothing can run now. With a chain that queues itself for ever it
// does not return.
func (l *Loop) RunUntilIdle() error {
	l.made()
	for {
		if ran, err := l.Step(); !ran || err != nil {
			return err
		}
	}
}

// turnUntilRan is the driver of Step. It runs the ticks after the callback at once, which step
// itself would do only at its next call: a Step shows a callback together with all that follows it.
// A turn that had begun and a whole one without a callback mean that nothing can run now.
func (l *Loop) turnUntilRan() bool {
	l.driver.Store(numberOf(l.driving))
	for turns := 0; turns < 2; { // the first one may have begun before
		switch l.step() {
		case ran:
			l.settle()
			l.checkpoint()
			return true
		case rested:
			if turns++; turns == 2 && l.jump() {
				turns = 0
			}
		case left:
			return false
		}
	}
	return false
}

// finishSteps lets the tasks finish that Step has left and Close has cancelled. Without it Close
// would wait for ever for tasks that nobody resumes. The Run that it begins has been stopped
// already, so it does nothing but leave.
func (l *Loop) finishSteps() {
	if l.begin() != nil { // somebody runs the loop, or nothing is left
		return
	}
	l.stopWith(quartet.ErrClosed)
	_ = l.run()
}

// jump moves a virtual clock to the next timer, if nothing else can run.
func (l *Loop) jump() bool {
	l.in.Lock()
	defer l.in.Commit()
	return l.stop == nil && l.jumpLocked(false)
}
