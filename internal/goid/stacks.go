package goid

import (
	"bytes"
	"fmt"
	"runtime"
)

const (
	// Most is the number of goroutines above which Stacks reads nothing.
	Most = 20_000

	// It is a first guess: with deep stacks the text is read again, into twice as much.
	perStack = 1 << 10 // bytes of a usual stack
	mostText = 64 << 20
)

// Stacks returns the text of all stacks, as a crash prints them, parted by empty lines. It stops
// the program for some 7 µs per goroutine. So it returns a sentence in place of the stacks when
// there are more than Most goroutines. The text is cut at 64 MiB; Stack then does not find those
// that are beyond.
func Stacks() []byte {
	n := runtime.NumGoroutine()
	if n > Most {
		return fmt.Appendf(nil,
			"no stacks: the program has %d goroutines, and reading more than %d would stop it for long", n, Most)
	}
	// runtime.Stack fills no more than it is given, and does not say how much that would have to
	// be. So a full buffer is tried again, twice as large.
	for size := (n + 64) * perStack; ; size *= 2 {
		text := make([]byte, size)
		if read := runtime.Stack(text, true); read < size || size >= mostText {
			return text[:read]
		}
	}
}

// Stack finds the stack of one goroutine in the text of all. It returns text itself if that has no
// stacks, and nil if it has others only. The space behind the number keeps 1 from finding 10.
func Stack(text []byte, number int64) []byte {
	if !bytes.HasPrefix(text, []byte("goroutine ")) {
		return text
	}
	head := fmt.Appendf(nil, "goroutine %d ", number)
	for stack := range bytes.SplitSeq(text, []byte("\n\n")) {
		if bytes.HasPrefix(stack, head) {
			return stack
		}
	}
	return nil
}
