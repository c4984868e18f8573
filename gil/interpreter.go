package gil

import (
	"context"
	"fmt"
)

type interpreterKey struct{}

// InInterpreter says that tasks submitted with the returned context are threads of interpreter i,
// from 0, where the policy is [PerInterpreter]; i is taken modulo their number. Elsewhere it says
// nothing. It panics on a negative i.
func InInterpreter(ctx context.Context, i int) context.Context {
	if i < 0 {
		panic(fmt.Sprintf("gil: InInterpreter(%d): interpreters are numbered from 0", i))
	}
	// The value is inherited by nested tasks, as a sub-interpreter starts its threads in itself.
	return context.WithValue(ctx, interpreterKey{}, i)
}

func interpreterOf(ctx context.Context) (int, bool) {
	i, ok := ctx.Value(interpreterKey{}).(int)
	return i, ok
}

// perInterpreter asks inner about each lock by itself: LockState is that of one lock.
type perInterpreter struct {
	Policy
	k int
}

// PerInterpreter is k interpreters in one process, each with a lock of its own that follows inner
// (PEP 684, since 3.12). A task is a thread of the interpreter that [InInterpreter] says, else of
// that whose number is its own, modulo k; a [StepThread] of the one that it names, and the threads
// of a [Workload] are dealt out. Processes that share nothing can be simulated in this way, too.
// It panics when k is not positive, inner is nil, or has interpreters itself.
func PerInterpreter(k int, inner Policy) Policy {
	if k <= 0 || inner == nil || inner.Traits().Locks > 0 {
		panic(fmt.Sprintf("gil: PerInterpreter(%d, %v): a positive number, and a policy for one lock", k, inner))
	}
	return perInterpreter{inner, k}
}

func (p perInterpreter) String() string { return fmt.Sprintf("%d × %v", p.k, p.Policy) }

func (p perInterpreter) Traits() Traits {
	// inner's own traits hold in each of them; its Locks is 0, as PerInterpreter has checked.
	t := p.Policy.Traits()
	t.Locks = p.k
	return t
}
