package procpool

import (
	"bytes"
	"slices"
)

const (
	maxTail = 16 << 10
	maxHead = 4 << 10
)

// tail keeps the end of the output, and the beginning of a crash: a Go program says first why it
// ends, and then shows stacks without end. It keeps the output of one task.
type tail struct {
	task      uint64 // that wrote it; 0: not known
	head, buf []byte
	crashed   bool
	cut       bool // something between head and buf is gone
}

// crashWords begin the first line of a crash, in Go and in Python.
var crashWords = [][]byte{
	[]byte("panic:"), []byte("fatal error:"), []byte("runtime:"), []byte("SIG"),
	[]byte("Traceback ("),
}

func (t *tail) add(line []byte, task uint64) {
	if task != t.task {
		*t = tail{task: task}
	}
	if !t.crashed && slices.ContainsFunc(crashWords, func(w []byte) bool { return bytes.HasPrefix(line, w) }) {
		t.crashed = true
		t.head = bytes.Clone(t.buf[max(0, len(t.buf)-maxHead):])
		t.buf = t.buf[:0]
	}
	if t.crashed && len(t.head) < 2*maxHead {
		t.head = append(append(t.head, line...), '\n')
		return
	}
	t.buf = append(append(t.buf, line...), '\n')
	if over := len(t.buf) - maxTail; over > maxTail {
		t.buf = append(t.buf[:0], t.buf[over:]...)
		t.cut = true
	}
}

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
