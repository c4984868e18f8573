package gil

import (
	"fmt"
	"strings"

	"github.com/quartet-go/quartet"
)

// DeadlockError says who waits for whom, or for what. It is [quartet.ErrDeadlock] to errors.Is.
type DeadlockError struct {
	// Waits are the sentences, one for each thread, in a cycle where there is one.
	Waits []string
}

func (e *DeadlockError) Error() string { return "gil: deadlock: " + strings.Join(e.Waits, "; ") }

// Is reports true for [quartet.ErrDeadlock].
func (e *DeadlockError) Is(target error) bool { return target == quartet.ErrDeadlock }

// stuck returns the error of threads that are alive while nothing will happen. In the step form
// nothing comes from outside, so an empty agenda is the end. Under a Scheduler that is not so: see
// virtual.deadlocked.
func (s *sim) stuck() error {
	err := &DeadlockError{}
	for _, t := range s.alive() {
		what := "for what nobody will do"
		if t.op.Do == DoGet {
			what = fmt.Sprintf("to get from queue %d, which nobody will put into", t.op.Queue)
		}
		err.Waits = append(err.Waits, t.name()+" waits "+what)
	}
	return err
}
