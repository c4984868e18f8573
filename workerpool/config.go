package workerpool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

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

// NoQueue as Config.Queue accepts only tasks that can start at once: a worker is free, nobody waits
// before them, and neither their key nor their limit is taken. Config.Saturation applies to
// the others; [DropOldest] has nothing to drop, and is [Reject].
const NoQueue = -1

// Config is the configuration of a pool. The zero value is useful; New panics on negative sizes,
// naming the field.
type Config struct {
	// Name is what events, logs and metrics call this pool. Default: "workerpool".
	Name string
	// Logger gets the pool's warnings. Default: slog.Default.
	Logger *slog.Logger
	// Around is called around each task, on its goroutine. It calls run once, and returns what run
	// returns or another error in its place. run returns the error of the task's function; a panic
	// passes through Around. With it Go costs as much as SubmitTask. Default: none.
	Around func(ctx context.Context, info quartet.Info, run func(context.Context) error) error
	// Workers is how many tasks run at once. Default: GOMAXPROCS.
	Workers int
	// MinWorkers is how many idle goroutines are kept beyond IdleTimeout. Default: 0, at most
	// Workers.
	MinWorkers int
	// Queue is the capacity of the queue, whatever a task's key or priority, not counting tasks
	// that a free worker takes at once. Each place costs 128 bytes. [NoQueue] accepts only what can
	// start at once. Default: 1,024.
	Queue int
	// Saturation is what happens to a submit when Queue or InFlight is full. A submit from inside a
	// task of the pool is not bound by InFlight. Default: Wait.
	Saturation Saturation
	// RejectLate refuses a submit from outside with quartet.ErrSaturated at once when its ctx has a
	// deadline that the task is likely to miss: work that nobody will wait for is better refused
	// than queued. The task's own priority, key and limit count, the tasks queued before it, and
	// how long the running tasks have run already. A task that would start at once is never
	// refused. No submit waits for room longer than its task could still be in time. The run times
	// are those of the last 128 tasks, whatever they did: give tasks that take much longer a pool
	// of their own. Before the first task has ended, the oldest one's time so far stands for them.
	// All tasks are timed but funcs of Go. Default: off.
	RejectLate bool
	// LateShare is the share of the accepted tasks that RejectLate lets miss their deadline, from 0
	// to 1. The pool measures that share, and judges more strictly while it is exceeded. Tasks that
	// started at once are not counted. Default: 0.05.
	LateShare float64
	// InFlight is how many accepted tasks may be unfinished: queued, running or waiting. Default:
	// 65,536, or twice Queue where that is more.
	InFlight int
	// IdleTimeout is how long a goroutine without work is kept. Default: 10 s.
	IdleTimeout time.Duration
	// CloseWarning is the time after which Close logs, once, what it still waits for. Default: 10
	// s.
	CloseWarning time.Duration
	// ExactTimes measures every task for Stats. Default: every 64th is measured, and every 256th
	// func of Go.
	ExactTimes bool
	// Observer sees the steps of the tasks. Default: none.
	Observer quartet.Observer
	// Clock is virtual time, for simulations. Idle goroutines are kept until Close or Shutdown
	// then. Default: none, real time.
	Clock *Clock
	// OnPanic gets a *quartet.PanicError, or quartet.ErrGoexit, when a task, an Abandon or a hook
	// panics or exits. It is called on the goroutine where that happened. Without it such a panic
	// crashes the program, unless a future carries it to its waiters.
	OnPanic func(error)
}

// check returns an error if a field is out of range. It names the first one.
func (c *Config) check() error {
	queue := c.Queue
	if queue == NoQueue {
		queue = 0
	}
	err := intake.Wrong("workerpool",
		intake.NotNegative("Workers", c.Workers),
		intake.NotNegative("MinWorkers", c.MinWorkers),
		intake.NotNegative("Queue", queue),
		intake.NotNegative("InFlight", c.InFlight),
		intake.NotNegative("IdleTimeout", c.IdleTimeout),
		intake.NotNegative("CloseWarning", c.CloseWarning),
	)
	switch {
	case err != nil:
		return err
	case !(c.LateShare >= 0 && c.LateShare < 1):
		return fmt.Errorf("workerpool: Config.LateShare is not from 0 to 1: %v", c.LateShare)
	case c.Saturation > DropOldest:
		return errors.New("workerpool: Config.Saturation is unknown")
	}
	return nil
}

// setDefaults fills in the fields that are zero, and makes no queue of [NoQueue].
func (c *Config) setDefaults() {
	intake.SetDefault(&c.Workers, runtime.GOMAXPROCS(0))
	intake.SetDefault(&c.Queue, 1024)
	if c.Queue == NoQueue {
		c.Queue = 0
	}
	intake.SetDefault(&c.IdleTimeout, 10*time.Second)
	c.MinWorkers = min(c.MinWorkers, c.Workers)
}
