package procpool

import (
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"runtime"
	"time"

	"github.com/quartet-go/quartet"
)

// Saturation says what a submit does when the pool has no room.
type Saturation uint8

const (
	Wait       Saturation = iota // wait for room, as far as the submit's ctx allows
	Reject                       // return quartet.ErrSaturated at once
	DropOldest                   // abandon the oldest queued task of no higher priority with quartet.ErrDiscarded, and take its room
)

// Line is one line that a worker wrote to its standard output or standard error, without its end.
type Line struct {
	PID    int    // of the worker's process
	Lane   int    // the worker's number, from 0
	Stderr bool   // it came on standard error
	Text   []byte // valid until the hook returns
}

// Config is the configuration of a pool. The zero value is useful; New returns an error that names the field which is out
// of range.
type Config struct {
	// Workers is how many processes run tasks at once. They are started when there is work for them. Default: GOMAXPROCS.
	Workers int
	// Queue is how many tasks may wait for a worker. A call that a task makes is not bound by it. Default: 1,024.
	Queue int
	// Saturation is what happens to a submit when the queue or InFlight is full. Default: Wait.
	Saturation Saturation
	// RejectLate refuses a submit from outside with quartet.ErrSaturated at once when its ctx has a deadline, the task
	// would have to wait, and it may end too late if it and those before it take as long as tasks have taken of late: work
	// that nobody will wait for is better refused than queued. That time is a mean: where run times differ, let deadlines
	// be somewhat earlier than what is promised, and give tasks that take much longer a pool of their own. Until the first
	// task has ended, its time so far is what is known: Queue bounds what is accepted then. Every task is timed, as by
	// ExactTimes. Default: off.
	RejectLate bool
	// InFlight is how many accepted tasks may be unfinished. A call that a task makes is not bound by it. Default: 65,536.
	InFlight int

	// Concurrency is how many calls a worker runs at once: for functions that mostly wait for something outside. Above 1, a
	// crash fails all that ran in the worker. A worker of another language may run fewer. Default: 1.
	Concurrency int

	// Command starts a worker: the program, found as exec.Command finds it, and its arguments. It must speak PROTOCOL.md.
	// Default: this program itself, which must call Init.
	Command []string
	// Pipelined sends a worker of another program calls ahead, though it keeps no ledger, and accepts that all of them are
	// lost with it. Default: such a worker gets one call at a time.
	Pipelined bool
	// Env is the environment of the workers. Default: this process's.
	Env []string
	// Dir is the working directory of the workers. Default: this process's.
	Dir string
	// BootTimeout is within what time a started worker must say hello. Default: 10 s.
	BootTimeout time.Duration
	// Grace is how long Close, RunTimeout and KillCancelled wait for cancelled tasks before they kill their workers.
	// Default: 5 s.
	Grace time.Duration
	// MaxFrame is the largest input or output of a call, in bytes, encoded; at least 1 MiB. Default: 256 MiB.
	MaxFrame int
	// MaxDepth is how deep pools may be nested: New in a worker deeper than that returns ErrNested; the workers of a pool
	// that is in no worker have depth 1. Default: 0, no pools inside of workers. It must be set by the inner pool.
	MaxDepth int

	// Attempts is how many workers a call of a quartet.Idempotent function may be lost with before it fails. One that was
	// running in two of them, and so may be what ended them, is not tried again in any case. Default: 3.
	Attempts int
	// QueueTimeout ends a call that has waited for a worker so long, with ErrQueueTimeout. Default: none.
	QueueTimeout time.Duration
	// RunTimeout cancels a call that has run so long, with ErrRunTimeout; its worker is killed when it does not return within
	// Grace: one that never looks at its ctx is gone after both. One that returns within Grace has its result. What had been
	// sent ahead to that worker goes to another. Default: none: a call that never ends keeps its worker.
	RunTimeout time.Duration
	// KillCancelled kills the worker of a call whose context has ended and that does not return within Grace. Default: it is
	// waited for.
	KillCancelled bool
	// HangTimeout kills a worker that has calls and has not moved at all for so long: one that is stopped, or starved. A task
	// that blocks or spins is none of these. It needs a worker that keeps a heartbeat, as this program does. Default: 30 s;
	// negative: never.
	HangTimeout time.Duration
	// MaxTasks replaces a worker after so many calls, less up to a tenth at random. Default: never.
	MaxTasks int
	// MaxLifetime replaces a worker after so long, less up to a tenth at random, when its calls have ended. Default: never.
	MaxLifetime time.Duration
	// IdleTimeout ends a worker that has had no call for so long. Default: never.
	IdleTimeout time.Duration
	// MemorySoft replaces a worker whose resident memory is beyond so many bytes, when its calls have ended. On Linux; it is
	// looked at every 100 ms. Default: none.
	MemorySoft int64
	// MemoryHard kills such a worker, with ErrMemory. What takes memory quickly goes beyond it before it is looked at; for a
	// wall, set the system's own limit in a WorkerInit. Default: none.
	MemoryHard int64

	// OnCommand may change how a worker is started, but for its descriptors and the process group: credentials, limits,
	// namespaces. It is called on a goroutine of the pool. Default: none.
	OnCommand func(*exec.Cmd)

	// OnOutput gets what workers write to standard output and standard error, line by line, on a goroutine of each. While
	// it does not return, the worker that goes on writing waits.
	OnOutput func(Line)
	// Logger gets those lines where there is no OnOutput: standard output at level Info, standard error at Warn. Default:
	// without both they go to this process's standard error.
	Logger *slog.Logger

	// CloseWarning is after what time Close logs once what it still waits for. Default: 10 s.
	CloseWarning time.Duration
	// ExactTimes measures every task for Stats; by default every 64th is.
	ExactTimes bool
	// Observer sees the steps of the tasks. A task that has been sent to a worker counts as started. Default: none.
	Observer quartet.Observer
	// OnPanic sees the panics and Goexits of tasks, which their futures carry, and gets those of Abandon, Resolve, OnDone
	// and hooks. Without it the latter crash the program.
	OnPanic func(error)
}

// minMaxFrame leaves room for every error.
const minMaxFrame = 1 << 20

func (c *Config) check() error {
	for _, f := range []struct {
		name  string
		value int
	}{
		{"Workers", c.Workers},
		{"Queue", c.Queue},
		{"InFlight", c.InFlight},
		{"BootTimeout", int(c.BootTimeout)},
		{"Grace", int(c.Grace)},
		{"MaxFrame", c.MaxFrame},
		{"MaxDepth", c.MaxDepth},
		{"CloseWarning", int(c.CloseWarning)},
		{"Attempts", c.Attempts},
		{"Concurrency", c.Concurrency},
		{"QueueTimeout", int(c.QueueTimeout)},
		{"RunTimeout", int(c.RunTimeout)},
		{"MaxTasks", c.MaxTasks},
		{"MaxLifetime", int(c.MaxLifetime)},
		{"IdleTimeout", int(c.IdleTimeout)},
		{"MemorySoft", int(c.MemorySoft)},
		{"MemoryHard", int(c.MemoryHard)},
	} {
		if f.value < 0 {
			return fmt.Errorf("procpool: Config.%s is negative: %d", f.name, f.value)
		}
	}
	switch {
	case c.Saturation > DropOldest:
		return errors.New("procpool: Config.Saturation is unknown")
	case c.MaxFrame > 1<<31-1-headerSize:
		return fmt.Errorf("procpool: Config.MaxFrame is beyond 2 GiB: %d", c.MaxFrame)
	case c.Command != nil && (len(c.Command) == 0 || c.Command[0] == ""):
		return errors.New("procpool: Config.Command names no program")
	}
	return nil
}

func (c *Config) setDefaults() {
	setDefault(&c.Workers, runtime.GOMAXPROCS(0))
	setDefault(&c.Queue, 1024)
	setDefault(&c.BootTimeout, 10*time.Second)
	setDefault(&c.Grace, 5*time.Second)
	setDefault(&c.MaxFrame, 256<<20)
	setDefault(&c.Attempts, 3)
	setDefault(&c.HangTimeout, 30*time.Second)
	c.MaxFrame = max(c.MaxFrame, minMaxFrame)
}

func setDefault[T int | time.Duration](v *T, def T) {
	if *v == 0 {
		*v = def
	}
}
