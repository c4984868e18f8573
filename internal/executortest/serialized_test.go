package executortest_test

import (
	"testing"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/executortest"
)

// serialized is s behind the codec.
func serialized(s executortest.Subject) executortest.Subject {
	bare := s.New
	s.Name, s.Calls = "serialized "+s.Name, executortest.NoCalls
	s.New = func(t testing.TB, o executortest.Options) quartet.Executor { return quartet.Serialized(bare(t, o)) }
	return s
}

func TestSerialized(t *testing.T) {
	for _, s := range []executortest.Subject{inline, pool, loop} {
		t.Run(s.Name, func(t *testing.T) { executortest.Run(t, serialized(s)) })
	}
}
