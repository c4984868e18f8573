package eventloop

import "github.com/quartet-go/quartet"

// Step runs, on the calling goroutine, the next callback that can run now, with the ticks and microtasks that follow it,
// and reports whether there was one. It never waits: where it reports false, the next thing is a timer that is not due,
// or comes from elsewhere. It is for tests and for showing the order of things; tasks stay suspended from one Step to the
// next, and Run may take over. err is [ErrRunning], [quartet.ErrClosed], or what Run would return when the callback, or
// somebody meanwhile, stops the loop.
func (l *Loop) Step() (ran bool, err error) {
	if err := l.begin(); err != nil {
		return false, err
	}
	defer l.end()
	ran = true
	l.resumeDriver(func() { ran = l.turnUntilRan() })
	return ran, l.result()
}

// RunUntilIdle is Step until there is nothing that can run now.
func (l *Loop) RunUntilIdle() error {
	for {
		if ran, err := l.Step(); !ran || err != nil {
			return err
		}
	}
}

func (l *Loop) turnUntilRan() bool {
	l.own()
	for turns := 0; turns < 2; { // the first one may have begun before
		switch l.step() {
		case ran:
			l.settle()
			l.checkpoint()
			return true
		case rested:
			turns++
		case left:
			return false
		}
	}
	return false
}

// finishSteps lets the tasks that Step left, and Close has cancelled, come to their end.
func (l *Loop) finishSteps() {
	if l.begin() != nil { // somebody runs the loop, or nothing is left
		return
	}
	l.stopWith(quartet.ErrClosed)
	_ = l.run()
}
