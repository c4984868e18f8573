package gil

import (
	"context"
	"fmt"
)

type interpreterKey struct{}

// InInterpreter says that tasks submitted with the returned context are threads of interpreter i, from 0, where the
// policy is [PerInterpreter]; i is taken modulo their number. Elsewhere it says nothing. It panics on a negative i.
func InInterpreter(ctx context.Context, i int) context.Context {
	if i < 0 {
		panic(fmt.Sprintf("gil: InInterpreter(%d): interpreters are numbered from 0", i))
	}
	return context.WithValue(ctx, interpreterKey{}, i)
}

func interpreterOf(ctx context.Context) (int, bool) {
	i, ok := ctx.Value(interpreterKey{}).(int)
	return i, ok
}
