package procpool

import (
	"bufio"
	"bytes"
	"context"
	"log/slog"
	"os"
	"slices"
)

const (
	maxLine = 64 << 10 // longer lines are cut in pieces
	maxTail = 16 << 10
	maxHead = 4 << 10
)

// tail keeps the end of what was written to it, and the beginning of a crash: a Go program says first why it ends, and
// then shows stacks without end.
type tail struct {
	head, buf []byte
	crashed   bool
	cut       bool // something between head and buf is gone
}

// crashWords begin the first line of a crash, in Go and in Python.
var crashWords = [][]byte{[]byte("panic:"), []byte("fatal error:"), []byte("runtime:"), []byte("SIG"), []byte("Traceback (")}

func (t *tail) add(line []byte) {
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

// capture is the goroutine that reads a worker's standard output or standard error.
func (w *worker) capture(from *os.File, stderr bool) {
	r := bufio.NewReaderSize(from, maxLine)
	for {
		text, err := r.ReadSlice('\n')
		if err == nil || len(text) > 0 {
			text = bytes.TrimSuffix(text, []byte("\n"))
			if stderr {
				w.tail.add(text)
			}
			w.emit(Line{PID: w.pid(), Lane: w.lane, Stderr: stderr, Text: text})
		}
		if err != nil && err != bufio.ErrBufferFull {
			return
		}
	}
}

func (w *worker) pid() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.proc.Pid
}

func (w *worker) emit(l Line) {
	cfg := &w.pool.cfg
	switch {
	case cfg.OnOutput != nil:
		w.pool.in.Guard(func() { cfg.OnOutput(l) })
	case cfg.Logger != nil:
		level, stream := slog.LevelInfo, "stdout"
		if l.Stderr {
			level, stream = slog.LevelWarn, "stderr"
		}
		cfg.Logger.Log(context.Background(), level, string(l.Text), "worker", l.Lane, "pid", l.PID, "stream", stream)
	default:
		_, _ = os.Stderr.Write(append(bytes.Clone(l.Text), '\n'))
	}
}
