package procpool

import (
	"bytes"
	"slices"
)

const (
	// maxTail bounds the end; maxHead the lines before a crash begins, and twice that the lines
	// before and behind together.
	maxTail = 16 << 10
	maxHead = 4 << 10
)

// tail keeps the end of the output, and the beginning of a crash: a Go program says first why it
// ends, and then shows stacks without end. It keeps the output of one task. One goroutine writes
// it, that which captures standard error; after its end bury reads.
type tail struct {
	task      uint64 // that wrote it; 0: not known
	head, buf []byte
	crashed   bool
	cut       bool // something between head and buf is gone
}

// crashWords begin the first line of a crash, in Go and in Python. Output that begins so by chance
// only moves the border between head and end.
var crashWords = [][]byte{
	[]byte("panic:"), []byte("fatal error:"), []byte("runtime:"), []byte("SIG"),
	[]byte("Traceback ("),
}

// add takes the next line, of that task. The output of an earlier task is dropped: a
// WorkerLostError shows that of its own call.
func (t *tail) add(line []byte, task uint64) {
	if task != t.task {
		*t = tail{task: task}
	}
	if !t.crashed && slices.ContainsFunc(crashWords, func(w []byte) bool { return bytes.HasPrefix(line, w) }) {
		// The last lines before a crash go along: they may say what led to it.
		t.crashed = true
		t.head = bytes.Clone(t.buf[max(0, len(t.buf)-maxHead):])
		t.buf = t.buf[:0]
	}
	if room := 2*maxHead - len(t.head); t.crashed && room > 0 {
		t.cut = t.cut || len(line) > room
		t.head = append(append(t.head, line[:min(len(line), room)]...), '\n')
		return
	}
	t.buf = append(append(t.buf, line...), '\n')
	// Cut when it has twice the size, so that a byte is moved once on average.
	if over := len(t.buf) - maxTail; over > maxTail {
		t.buf = append(t.buf[:0], t.buf[over:]...)
		t.cut = true
	}
}

// bytes returns head and end, with a mark where lines between them are gone.
func (t *tail) bytes() []byte {
	over := max(0, len(t.buf)-maxTail)
	gap := ""
	if len(t.head) > 0 && (t.cut || over > 0) {
		gap = "[…]\n"
	}
	return bytes.TrimSpace(slices.Concat(t.head, []byte(gap), t.buf[over:]))
}

// of is what task has written, as far as that is known.
func (t *tail) of(task uint64) []byte {
	if t.task != 0 && t.task != task {
		return nil
	}
	return t.bytes()
}
