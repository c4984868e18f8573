// Package goid reads the number of the calling goroutine, as stack dumps show it. It is for
// diagnosis: nothing but what a reader is told may depend on it.
package goid

import (
	"bytes"
	"runtime"
	"strconv"
	"sync"
)

// heads holds memory for the heads of stack dumps, which runtime.Stack wants on the heap.
var heads = sync.Pool{New: func() any { return new([64]byte) }}

// Number reads the caller's number from the head of its stack dump: "goroutine 7 [running]". It
// costs microseconds, more on a deep stack.
//
// Rejected: to read it from the runtime's g by assembly, which breaks with a new version of Go.
func Number() int64 {
	head := heads.Get().(*[64]byte)
	defer heads.Put(head)
	const before = len("goroutine ")
	number := head[before:runtime.Stack(head[:], false)]
	n, _ := strconv.ParseInt(string(number[:bytes.IndexByte(number, ' ')]), 10, 64)
	return n
}
