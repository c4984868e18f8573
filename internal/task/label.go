package task

import (
	"context"
	"runtime/pprof"
)

// Unlabel takes the labels of pprof away from the calling goroutine. A goroutine has those of
// whoever started it, and a task may leave some behind; the next one shall not run under them.
func Unlabel() { pprof.SetGoroutineLabels(context.Background()) }
