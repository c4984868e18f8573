package procpool

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/quartet-go/quartet/procpool/internal/wire"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/intake"
)

// Saturation is [quartet.Saturation]: what a submit does when the pool has no room.
type Saturation = quartet.Saturation

const (
	// Wait waits for room, as far as the submit's ctx allows.
	Wait = quartet.SaturationWait
	// Reject returns [quartet.ErrSaturated] at once.
	Reject = quartet.SaturationReject
	// DropOldest abandons the oldest queued task of no higher priority with
	// [quartet.ErrDiscarded], and takes its room.
	DropOldest = quartet.SaturationDropOldest
)

// Config is the configuration of a pool. The zero value is useful; New returns an error that names
// the field which is out of range.
type Config struct {
	// Name is what events, logs and metrics call this pool. Default: "procpool".
	Name string
	// Workers is how many processes run tasks at once. They are started when there is work for
	// them. Default: GOMAXPROCS.
	Workers int
	// MinWorkers is how many processes New starts, and how many stay without work: IdleTimeout
	// leaves them. What ends is replaced at once. At most Workers. Default: 0, workers are started
	// when there is work for them.
	MinWorkers int
	// Queue is how many tasks may wait for a worker. A call that a task makes is not bound by it.
	// Default: 1,024.
	Queue int
	// Saturation is what happens to a submit when Queue or InFlight is full. Default: Wait.
	Saturation Saturation
	// RejectLate refuses a submit from outside with quartet.ErrSaturated at once when its ctx has a
	// deadline that the task is likely to miss, given the tasks before it, the last 128 run times,
	// and how long the running tasks have run already. A task that would start at once is never
	// refused. Give tasks that take much longer a pool of their own. Before the first task has
	// ended, the oldest one's time so far stands for the run times. Every task is timed, as by
	// ExactTimes. Default: off.
	RejectLate bool
	// InFlight is how many accepted tasks may be unfinished: queued, running or waiting. A call
	// that a task makes is not bound by it. Default: 65,536, or twice Queue where that is more.
	InFlight int

	// Concurrency is how many calls a worker runs at once: for functions that mostly wait for
	// something outside. Above 1, a crash fails all that ran in the worker. A worker of another
	// language may run fewer. Default: 1.
	Concurrency int

	// Command starts a worker: the program, found as exec.Command finds it, and its arguments. It
	// must speak PROTOCOL.md. A relative path is one of the current directory while New is called.
	// Default: this program itself, which must call Init.
	Command []string
	script  *script // of Python and Node
	// Pipelined sends a worker of another program calls ahead, though it keeps no ledger, and
	// accepts that all of them are lost with it. Default: such a worker gets one call at a time.
	Pipelined bool
	// Env is the environment of the workers. Default: this process's.
	Env []string
	// Dir is the working directory of the workers. A relative path is one of the current directory
	// while New is called. Default: this process's.
	Dir string
	// BootTimeout is within what time a started worker must say hello. Default: 10 s.
	BootTimeout time.Duration
	// Grace is how long Close, RunTimeout and KillCancelled wait for cancelled tasks before they
	// kill their workers. Default: 5 s.
	Grace time.Duration
	// MaxFrame is the largest input or output of a call, in bytes, encoded; at least 1 MiB.
	// Default: 256 MiB.
	MaxFrame int
	// MaxDepth is how deep pools may be nested: New in a worker deeper than that returns ErrNested;
	// the workers of a pool that is in no worker have depth 1. Default: 0, no pools inside of
	// workers. It must be set by the inner pool.
	MaxDepth int

	// Attempts is how many workers a call of a quartet.Idempotent function may be lost with before
	// it fails. One that was running in two of them, and so may be what ended them, is not tried
	// again in any case. Default: 3.
	Attempts int
	// QueueTimeout ends a call that has waited for a worker so long, with ErrQueueTimeout. The time
	// before the first worker is up does not count. Default: none.
	QueueTimeout time.Duration
	// RunTimeout cancels a call that has run so long, with ErrRunTimeout; its worker is killed when
	// it does not return within Grace: one that never looks at its ctx is gone after both. One that
	// returns within Grace has its result. Calls sent ahead to that worker go to another. Default:
	// none: a call that never ends keeps its worker.
	RunTimeout time.Duration
	// KillCancelled kills the worker of a call whose context has ended and that does not return
	// within Grace. Default: it is waited for.
	KillCancelled bool
	// HangTimeout kills a worker that has calls and has not moved at all for so long: one that is
	// stopped, or starved. A task that blocks or spins is none of these. It needs a worker that
	// keeps a heartbeat, as this program does, and memory that both share: where the system has
	// none, the pool logs so once. Default: 30 s; negative: never.
	HangTimeout time.Duration
	// MaxTasks replaces a worker after so many calls, less up to a tenth at random. Default: never.
	MaxTasks int
	// MaxLifetime replaces a worker after so long, less up to a tenth at random, when its calls
	// have ended. Default: never.
	MaxLifetime time.Duration
	// IdleTimeout ends a worker that has had no call for so long. Default: never.
	IdleTimeout time.Duration
	// MemorySoft replaces a worker whose resident memory is beyond so many bytes, when its calls
	// have ended. On Linux; it is looked at every 100 ms. Default: none.
	MemorySoft int64
	// MemoryHard kills such a worker, with ErrMemory. What the worker has started counts, too. What
	// takes memory quickly goes beyond it before it is looked at; for a wall, set the system's own
	// limit in a WorkerInit. Default: none.
	MemoryHard int64

	// OnCommand may change how a worker is started, but for its descriptors and the process group:
	// credentials, limits, namespaces. It is called on a goroutine of the pool. Default: none.
	OnCommand func(*exec.Cmd)

	// OnOutput gets what workers write to standard output and standard error, line by line, on a
	// goroutine of each. While it does not return, the worker that goes on writing waits.
	OnOutput func(Line)
	// Logger gets the pool's warnings, and the lines of workers where there is no OnOutput:
	// standard output at level Info, standard error at Warn. Default: warnings go to slog.Default,
	// lines to this process's standard error, with control characters shown as U+FFFD.
	Logger *slog.Logger

	// CloseWarning is the time after which Close logs, once, what it still waits for. Default: 10
	// s.
	CloseWarning time.Duration
	// ExactTimes measures every task for Stats. Default: every 64th is measured.
	ExactTimes bool
	// Observer sees the steps of the tasks. A task that has been sent to a worker counts as
	// started. Default: none.
	Observer quartet.Observer
	// OnPanic gets a *quartet.PanicError, or quartet.ErrGoexit, when a task, an Abandon or a hook
	// panics or exits. Without it such a panic crashes the program, unless a future carries it to
	// its waiters.
	OnPanic func(error)

	extra *os.File // that each worker inherits
}

// check returns an error if a field is out of range. It names the first one.
func (c *Config) check() error {
	err := intake.Wrong("procpool",
		intake.NotNegative("Workers", c.Workers),
		intake.NotNegative("MinWorkers", c.MinWorkers),
		intake.NotNegative("Queue", c.Queue),
		intake.NotNegative("InFlight", c.InFlight),
		intake.NotNegative("Concurrency", c.Concurrency),
		intake.NotNegative("BootTimeout", c.BootTimeout),
		intake.NotNegative("Grace", c.Grace),
		intake.NotNegative("MaxFrame", c.MaxFrame),
		intake.NotNegative("MaxDepth", c.MaxDepth),
		intake.NotNegative("Attempts", c.Attempts),
		intake.NotNegative("QueueTimeout", c.QueueTimeout),
		intake.NotNegative("RunTimeout", c.RunTimeout),
		intake.NotNegative("MaxTasks", c.MaxTasks),
		intake.NotNegative("MaxLifetime", c.MaxLifetime),
		intake.NotNegative("IdleTimeout", c.IdleTimeout),
		intake.NotNegative("MemorySoft", c.MemorySoft),
		intake.NotNegative("MemoryHard", c.MemoryHard),
		intake.NotNegative("CloseWarning", c.CloseWarning),
	)
	if err != nil {
		return err
	}
	switch {
	case c.Saturation > DropOldest:
		return errors.New("procpool: Config.Saturation is unknown")
	case c.Workers > 0 && c.MinWorkers > c.Workers:
		return fmt.Errorf("procpool: Config.MinWorkers is beyond Config.Workers: %d", c.MinWorkers)
	case c.MaxFrame > 1<<31-1-wire.HeaderSize:
		return fmt.Errorf("procpool: Config.MaxFrame is beyond 2 GiB: %d", c.MaxFrame)
	case c.Command != nil && (len(c.Command) == 0 || c.Command[0] == ""):
		return errors.New("procpool: Config.Command names no program")
	}
	return nil
}

// setDefaults fills in the fields that are zero.
func (c *Config) setDefaults() {
	intake.SetDefault(&c.Workers, runtime.GOMAXPROCS(0))
	intake.SetDefault(&c.Queue, 1024)
	intake.SetDefault(&c.BootTimeout, 10*time.Second)
	intake.SetDefault(&c.Grace, 5*time.Second)
	intake.SetDefault(&c.MaxFrame, 256<<20)
	intake.SetDefault(&c.Attempts, 3)
	intake.SetDefault(&c.HangTimeout, 30*time.Second)
	c.MaxFrame = max(c.MaxFrame, wire.MinMaxFrame)
}
