package procpool

import (
	"path/filepath"
	"strings"

	"github.com/quartet-go/quartet/procpool/internal/proc"
)

// weaken says, once, which promises the system does not allow. Each start calls it, on a goroutine
// of the worker's.
func (p *Pool) weaken(ledger bool, leash error) {
	if leash != nil {
		p.weaker.leash.Do(func() {
			p.warn("workers that spin, and what they have started, may outlive this process when it is killed: the system has no signal for it",
				"error", leash)
		})
	}
	if !ledger && proc.HasLedger {
		p.weaker.ledger.Do(func() {
			p.warn("there is no memory to share with workers: a crash fails all calls of its worker, each gets one at a time, and HangTimeout does not work")
		})
	}
}

// resolve makes the paths of the configuration independent of the current directory: workers are
// started later, too. A program's name without a separator is looked up in PATH at each start.
func (c *Config) resolve() {
	if c.Dir != "" {
		c.Dir = absolute(c.Dir)
	}
	if len(c.Command) > 0 && strings.ContainsRune(c.Command[0], filepath.Separator) {
		c.Command = append([]string{absolute(c.Command[0])}, c.Command[1:]...)
	}
}

// absolute returns path unchanged if the current directory is gone.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
