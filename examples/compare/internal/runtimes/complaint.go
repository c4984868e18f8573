package runtimes

import (
	"regexp"
	"strings"
	"sync"

	"github.com/quartet-go/quartet/procpool"
)

// raised is how Python and Node name an error that nobody has caught, below the lines that say
// where it was.
var raised = regexp.MustCompile(`(?m)^\w*(Error|Exception)\b.*`)

// complaint is the line of a program's standard error that says most: the error that ended it, or
// else the first one.
func complaint(stderr string) string {
	if line := raised.FindString(stderr); line != "" {
		return strings.TrimSpace(line)
	}
	first, _, _ := strings.Cut(strings.TrimSpace(stderr), "\n")
	return strings.TrimSpace(first)
}

// enough is how many bytes of a program's standard error are kept.
const enough = 16 << 10

// ear hears what the workers of a pool say to their standard error.
type ear struct {
	mu    sync.Mutex
	heard strings.Builder
}

// hear is procpool.Config.OnOutput.
func (e *ear) hear(l procpool.Line) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l.Stderr && e.heard.Len() < enough {
		e.heard.Write(l.Text)
		e.heard.WriteByte('\n')
	}
}

func (e *ear) complaint() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return complaint(e.heard.String())
}
