package main

import (
	"fmt"
	"io"
	"os"
)

// progress is a line that says what runs now, where a person looks on.
type progress struct{ w io.Writer }

// newProgress returns one on f, which shows nothing when f is no terminal.
func newProgress(f *os.File) *progress {
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return &progress{io.Discard}
	}
	return &progress{f}
}

const eraseLine = "\r\x1b[K"

func (p *progress) say(what string) { fmt.Fprint(p.w, eraseLine+what) }

// clear makes room for output.
func (p *progress) clear() { fmt.Fprint(p.w, eraseLine) }
