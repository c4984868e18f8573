package natspool

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
	// DropOldest abandons the oldest queued call of this pool with
	// [quartet.ErrDiscarded], and takes its room.
	DropOldest = quartet.SaturationDropOldest
)

// Storage says where the server keeps the calls that wait.
type Storage uint8

const (
	Memory Storage = iota // they do not survive the server; the pools that made them submit them again
	File                  // they survive it
)

// String returns the storage's name.
func (s Storage) String() string {
	if s == File {
		return "file"
	}
	return "memory"
}

// Config is the configuration of a pool. New returns an error that names a field which is out of
// range. Fields marked with * must be the same in every Config and NodeConfig of one Name: New and
// Serve create the stream where there is none, and return an error that names the field where there
// is another.
type Config struct {
	// Name selects the nodes, and begins every name in NATS; see the package comment. Letters,
	// digits, - and _. Default: "quartet".
	Name string
	// Queue is how many calls of this pool may wait for a node. Default: 1,024.
	Queue int
	// Saturation is what happens to a submit when Queue, InFlight or Backlog is full. The server
	// reports a full Backlog only after the call was accepted: Reject then abandons it with
	// quartet.ErrSaturated. Default: Wait.
	Saturation Saturation
	// InFlight is how many accepted tasks may be unfinished: queued, running or waiting. Default:
	// 65,536.
	InFlight int
	// *Backlog is how many calls of all pools may wait in the stream. Default: 65,536.
	Backlog int
	// *Storage is where waiting calls are kept. Default: Memory.
	Storage Storage
	// *Replicas is how many servers keep each waiting call: 1, 3 or 5. Default: 1.
	Replicas int
	// *Heartbeat is how often nodes say that they are there, and pools that have unfinished calls.
	// Default: 1 s.
	Heartbeat time.Duration
	// *LostAfter is how long a node, or a pool, may be silent before it counts as gone: at least
	// three Heartbeats. Default: 5 s.
	LostAfter time.Duration
	// Attempts is how often a call of a quartet.Idempotent function may be started when nodes are
	// lost with it. Default: 3.
	Attempts int
	// Detached has the calls go on when this pool is gone, or closed. Calls that have not started
	// by then may start without it. Results are not kept. Default: they are cancelled LostAfter
	// later.
	Detached bool

	// OnPanic gets a *quartet.PanicError, or quartet.ErrGoexit, when a task, an Abandon or a hook
	// panics or exits. Without it such a panic crashes the program, unless a future carries it to
	// its waiters.
	OnPanic func(error)
	// Observer sees the steps of the calls. Lane is the node that runs a call, as a number that
	// this pool gave it. Default: none.
	Observer quartet.Observer
	// Logger gets the pool's warnings: lost nodes, and what went wrong in the background. Default:
	// slog.Default.
	Logger *slog.Logger
	// ExactTimes measures every task for Stats. Default: every 64th is measured.
	ExactTimes bool
	// CloseWarning is the time after which Close logs, once, what it still waits for. Default: 10
	// s.
	CloseWarning time.Duration
}

// NodeConfig is the configuration of a node. Fields marked with * are Config's.
type NodeConfig struct {
	Name      string        // *
	Backlog   int           // *
	Storage   Storage       // *
	Replicas  int           // *
	Heartbeat time.Duration // *
	LostAfter time.Duration // *

	// Slots is how many calls are fetched to run at once; one that waits does not count. It should
	// be how many the executor runs at once. Default: GOMAXPROCS.
	Slots int
	// Functions are the names of those that this node runs. Default: all that this program has
	// defined with a body. Name them where they live in workers of another language.
	Functions []string
	// Around is called around each call, on its goroutine, with the call's own ctx and error, where
	// the executor runs in this process. Default: none.
	Around func(ctx context.Context, info quartet.Info, run func(context.Context) error) error
	// OnPanic, Observer and Logger are Config's, for the calls that functions on this node make of
	// the cluster.
	OnPanic  func(error)
	Observer quartet.Observer
	Logger   *slog.Logger
	// CloseWarning is the time after which Close logs, once, what it still waits for. Default: 10
	// s.
	CloseWarning time.Duration
}

const (
	minHeartbeat = time.Millisecond
	minSilence   = 3 // Heartbeats that LostAfter must be
)

// setDefaults fills in the fields that are zero.
func (c *Config) setDefaults() {
	intake.SetDefault(&c.Name, "quartet")
	intake.SetDefault(&c.Queue, 1024)
	intake.SetDefault(&c.InFlight, 65_536)
	intake.SetDefault(&c.Backlog, 65_536)
	intake.SetDefault(&c.Replicas, 1)
	intake.SetDefault(&c.Heartbeat, time.Second)
	intake.SetDefault(&c.LostAfter, 5*time.Second)
	intake.SetDefault(&c.Attempts, 3)
}

// check returns an error if a field is out of range. It names the first one. It is called after
// setDefaults, for bounds between fields.
func (c *Config) check() error {
	err := intake.Wrong("natspool",
		intake.NotNegative("Queue", c.Queue),
		intake.NotNegative("InFlight", c.InFlight),
		intake.NotNegative("Backlog", c.Backlog),
		intake.NotNegative("Replicas", c.Replicas),
		intake.NotNegative("Heartbeat", c.Heartbeat),
		intake.NotNegative("LostAfter", c.LostAfter),
		intake.NotNegative("Attempts", c.Attempts),
		intake.NotNegative("CloseWarning", c.CloseWarning),
	)
	if err != nil {
		return err
	}
	switch {
	case c.Saturation > DropOldest:
		return errors.New("natspool: Config.Saturation is unknown")
	case c.Storage > File:
		return errors.New("natspool: Config.Storage is unknown")
	case c.Replicas != 1 && c.Replicas != 3 && c.Replicas != 5:
		return fmt.Errorf("natspool: Config.Replicas must be 1, 3 or 5: %d", c.Replicas)
	case c.Heartbeat < minHeartbeat:
		return fmt.Errorf("natspool: Config.Heartbeat is below %v: %v", minHeartbeat, c.Heartbeat)
	case c.LostAfter < minSilence*c.Heartbeat:
		return fmt.Errorf("natspool: Config.LostAfter must be at least %d Heartbeats: %v", minSilence, c.LostAfter)
	}
	return checkName(c.Name)
}

// shared returns the Config of the calls that a node's functions make.
func (c *NodeConfig) shared() Config {
	return Config{
		Name: c.Name, Backlog: c.Backlog, Storage: c.Storage, Replicas: c.Replicas, Heartbeat: c.Heartbeat,
		LostAfter: c.LostAfter,
		OnPanic:   c.OnPanic, Observer: c.Observer, Logger: c.Logger, CloseWarning: c.CloseWarning,
	}
}

func (c *NodeConfig) setDefaults() { intake.SetDefault(&c.Slots, runtime.GOMAXPROCS(0)) }

func (c *NodeConfig) check() error {
	return intake.Wrong("natspool", intake.NotNegative("Slots", c.Slots),
		intake.NotNegative("CloseWarning", c.CloseWarning))
}
