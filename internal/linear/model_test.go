package linear

import (
	"fmt"

	"github.com/anishathalye/porcupine"
)

// phase is what a future's task does.
type phase uint8

const (
	pending phase = iota // it can still be cancelled for good
	doomed               // a Cancel has won, and has not returned
	running
	ended
)

// state is a Future without concurrency.
type state struct {
	phase   phase
	outcome outcome
}

// outcome is what a future ended with.
type outcome struct {
	value     int
	cancelled int // the number of the Cancel whose cause it failed with; 0: none
}

// verb is a call, or a step of the task itself.
type verb uint8

const (
	begin  verb = iota // the task begins
	finish             // the task has returned its value
	cancel
	decide  // of a Cancel that returns true: the task will never run
	publish // of the same Cancel: the future has ended
	result
	await // as far as its ctx allows
	done  // a look at whether Done is closed
)

var verbs = [...]string{"begin", "finish", "Cancel", "Cancel decides", "Cancel publishes", "Result", "Await", "Done"}

// input is a call. number: of the Cancel, or the value that the task returns.
type input struct {
	verb   verb
	number int
}

// answer is what a call returned. ok: it found the future ended.
type answer struct {
	ok      bool
	outcome outcome
}

// future is the specification.
var future = porcupine.Model{
	Init: func() any { return state{} },
	Step: func(s, in, out any) (bool, any) {
		next, want := step(s.(state), in.(input))
		switch in.(input).verb {
		case begin:
			return s.(state).phase == pending, next
		case finish:
			return s.(state).phase == running, next
		case decide:
			return s.(state).phase == pending, next
		case publish:
			return s.(state).phase == doomed, next
		case cancel: // it returned false
			return s.(state).phase != pending, next
		default:
			return out.(answer) == want, next
		}
	},
	DescribeOperation: func(in, out any) string {
		return fmt.Sprintf("%s(%d) -> %+v", verbs[in.(input).verb], in.(input).number, out)
	},
	DescribeState: func(s any) string { return fmt.Sprintf("%+v", s) },
}

// step is what a call does to a future, and what it answers. A Cancel that returns true does two
// things between its begin and its end: it decides that the task will never run, and it ends the
// future.
func step(s state, in input) (state, answer) {
	switch in.verb {
	case begin:
		return state{phase: running}, answer{}
	case finish:
		return state{phase: ended, outcome: outcome{value: in.number}}, answer{}
	case cancel:
		return s, answer{}
	case decide:
		return state{phase: doomed}, answer{}
	case publish:
		return state{phase: ended, outcome: outcome{cancelled: in.number}}, answer{}
	case done:
		return s, answer{ok: s.phase == ended}
	default:
		return s, answer{ok: s.phase == ended, outcome: s.outcome}
	}
}
