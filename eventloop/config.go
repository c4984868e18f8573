package eventloop

import (
	"context"
	"log/slog"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/intake"
)

// Config is the configuration of a loop. The zero value is useful; New panics on negative sizes,
// naming the field.
type Config struct {
	// Name is what events, logs and metrics call this loop. Default: "eventloop".
	Name string
	// Logger gets the loop's warnings. Default: slog.Default.
	Logger *slog.Logger
	// Around is called around each task, on its goroutine. It calls run once, and returns what run
	// returns or another error in its place. run returns the error of the task's function; a panic
	// passes through Around. It is not called around callbacks. Default: none.
	Around func(ctx context.Context, info quartet.Info, run func(context.Context) error) error
	// Queue is how many tasks may wait for their start. Posted callbacks have no bound. Default:
	// 65,536.
	Queue int
	// InFlight is how many accepted tasks may be unfinished: queued, running or waiting. Default:
	// 65,536, or twice Queue where that is more.
	InFlight int
	// Uploads is how many requests of Handler may have an unread body. Others with a body are
	// answered with 503, so that clients which stop sending keep nobody else out. Default: half of
	// InFlight, at least one.
	Uploads int
	// BlockLimit is how many functions given to quartet.Block run at once. A limit can cause a
	// deadlock: when all running functions wait for one that is queued. Default: no limit.
	BlockLimit int
	// SlowCallback is how long a callback, or a task between two waits, may keep the loop before
	// OnSlow is called. Default: 100 ms.
	SlowCallback time.Duration
	// OnSlow gets the live stack of a callback that keeps the loop, or of an endless chain of ticks
	// after it, and the name of a task above it. It is called once for each such callback, on a
	// goroutine of its own. Default: a warning is logged.
	OnSlow func(ran time.Duration, stack []byte)
	// CloseWarning is the time after which Close logs, once, what it still waits for. So does
	// Shutdown. Default: 10 s.
	CloseWarning time.Duration
	// ExactTimes measures every task for Stats. Default: every 64th is measured.
	ExactTimes bool
	// BeforeExit is called on the loop when nothing keeps it alive, as Node's 'beforeExit' is. If
	// it adds something that does, the loop goes on, and BeforeExit is called again at the next
	// such moment. Shutdown and Close do not call it.
	BeforeExit func()
	// Observer sees the steps of the tasks. Default: none.
	Observer quartet.Observer
	// Callbacks sees the callbacks that are given to Post, PostBatch, AfterFunc, Every, Immediate,
	// NextTick and Microtask. Each is an Event.Task with a number of its own, and Event.Detail is
	// its queue: [QueuePosted] and so on. EventQueued is told inside the call that queues the
	// callback, and EventStarted and EventEnded on the loop. One that was stopped ends as Failed
	// without a start. An interval is queued anew for each run. Default: none.
	Callbacks quartet.Observer
	// Clock is virtual time for the loop's timers and events. The deadlines of connections and
	// contexts stay in real time, and the watchdog is off. Default: real time.
	Clock *Clock
	// OnPanic gets a *quartet.PanicError, or quartet.ErrGoexit, when a task, an Abandon or a hook
	// panics or exits. It is called on the goroutine where that happened. Without it such a panic
	// crashes the program, unless a future carries it to its waiters. A callback counts as a task
	// whose panic no future carries; StopOnPanic decides first.
	OnPanic func(error)
	// StopOnPanic ends Run with the *quartet.PanicError of a callback or a bare task. Queued work
	// is kept.
	StopOnPanic bool
	// Conn is the configuration of the loop's connections.
	Conn ConnConfig
	// Debug checks that methods of the loop's goroutine are called there, and panics with both
	// stacks.
	Debug bool
}

// check returns an error if a field is out of range. It names the first one.
func (c *Config) check() error {
	err := intake.Wrong("eventloop",
		intake.NotNegative("Queue", c.Queue),
		intake.NotNegative("InFlight", c.InFlight),
		intake.NotNegative("Uploads", c.Uploads),
		intake.NotNegative("BlockLimit", c.BlockLimit),
		intake.NotNegative("SlowCallback", c.SlowCallback),
		intake.NotNegative("CloseWarning", c.CloseWarning),
	)
	if err != nil {
		return err
	}
	return c.Conn.check()
}

// setDefaults fills in the fields that are zero.
func (c *Config) setDefaults() {
	intake.SetDefault(&c.SlowCallback, 100*time.Millisecond)
	intake.SetDefault(&c.CloseWarning, 10*time.Second)
	intake.SetDefault(&c.InFlight, intake.DefaultInFlight(c.Queue))
	intake.SetDefault(&c.Uploads, max(1, c.InFlight/2))
	intake.SetDefault(&c.Queue, 65_536) // after InFlight, whose default follows a Queue that was asked for
	c.Conn.setDefaults()
}
