package procpool

import (
	"bufio"
	"bytes"
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/quartet-go/quartet/internal/printable"
)

// Line is one line that a worker wrote to its standard output or standard error, without its end.
type Line struct {
	PID    int    // of the worker's process
	Lane   int    // the worker's number, from 0
	Stderr bool   // it came on standard error
	Text   []byte // valid until the hook returns
	Time   time.Time

	// Of the call that runs in the worker while the line arrives, or has run last. Where a worker
	// runs several at once, or is sent calls ahead and keeps no ledger, it is not known which: then
	// they are empty.
	Func  string
	Label string
	Task  uint64 // its number, that of events
}

// maxLine is the longest line: longer ones are cut in pieces. A worker that writes no newline costs
// no more memory than that.
const maxLine = 64 << 10

// capture is the goroutine that reads a worker's standard output or standard error. It ends with
// the pipe, or a second after the worker's death where another process holds that. bury comes
// afterwards, and so finds the whole tail.
func (w *worker) capture(from *os.File, stderr bool) {
	r := bufio.NewReaderSize(from, maxLine)
	for {
		text, err := r.ReadSlice('\n')
		if err == nil || len(text) > 0 {
			text = bytes.TrimSuffix(text, []byte("\n"))
			l := Line{PID: w.pid(), Lane: w.lane, Stderr: stderr, Text: text, Time: time.Now()}
			w.attribute(&l)
			if stderr {
				w.tail.add(text, l.Task)
			}
			w.emit(l)
		}
		// A full buffer is a piece of a long line: the rest follows as another Line.
		if err != nil && err != bufio.ErrBufferFull {
			return
		}
	}
}

// spoken is what lines say of a call. It is kept when the call has ended, for lines that arrive
// late.
type spoken struct {
	id        uint64
	fn, label string
}

// attribute finds the call that may have written l. The ledger is read before the lock is taken, so
// the call may have changed in between: it is a guess, for people who read logs.
func (w *worker) attribute(l *Line) {
	running := w.running()
	p := w.pool
	p.in.Lock()
	defer p.in.Commit()
	c := w.runsLocked(running)
	switch {
	case c != nil:
		l.Func, l.Label, l.Task = p.names[c.fn], c.label, c.id()
	case len(w.calls) == 0 || w.exact && running == w.last.id:
		// The ledger still names the call that has ended, so none has started since.
		l.Func, l.Label, l.Task = w.last.fn, w.last.label, w.last.id
	}
}

// pid is 0 before the process has started.
func (w *worker) pid() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.proc == nil {
		return 0
	}
	return w.proc.Pid
}

// emit hands l over without a lock, since OnOutput is user code. While that blocks, the pipe fills,
// and in the end the worker waits in its write.
func (w *worker) emit(l Line) {
	cfg := &w.pool.cfg
	switch {
	case cfg.OnOutput != nil:
		w.pool.in.Guard(func() { cfg.OnOutput(l) })
	case cfg.Logger != nil:
		l.log(cfg.Logger)
	default:
		// It may be a terminal, which a worker's bytes must not drive.
		_, _ = os.Stderr.WriteString(printable.Text(string(l.Text), "\t") + "\n")
	}
}

// log writes l as a record. The text is the message, so that a handler which escapes messages
// escapes it, too.
func (l *Line) log(to *slog.Logger) {
	level, stream := slog.LevelInfo, "stdout"
	if l.Stderr {
		level, stream = slog.LevelWarn, "stderr"
	}
	attrs := []slog.Attr{slog.Int("worker", l.Lane), slog.Int("pid", l.PID), slog.String("stream", stream)}
	if l.Func != "" {
		attrs = append(attrs, slog.String("func", l.Func), slog.Uint64("task", l.Task))
	}
	if l.Label != "" {
		attrs = append(attrs, slog.String("label", l.Label))
	}
	to.LogAttrs(context.Background(), level, string(l.Text), attrs...)
}
