package executortest_test

import (
	"testing"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/executortest"
)

var inline = executortest.Subject{
	Name:   "inline",
	New:    func(testing.TB, executortest.Options) quartet.Executor { return quartet.Inline() },
	Sizes:  []int{1},
	Inline: true,
	Calls:  executortest.AllCalls,
	Skips: map[string]string{
		"S3_Name":   "Inline has no Config",
		"S3_Around": "Inline has no Config",
	},
}

func TestInline(t *testing.T) { executortest.Run(t, inline) }

func TestInlineStorms(t *testing.T) { executortest.RunStorms(t, inline) }
