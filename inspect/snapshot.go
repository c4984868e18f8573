package inspect

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"github.com/quartet-go/quartet"
)

// Snapshot is the state of all executors at one moment, as the JSON form has it. Durations are in
// nanoseconds. Its field names are a promise: programs read the JSON.
//
// It is a copy: it shares nothing with the executors but maps and slices that these have made for
// it.
type Snapshot struct {
	At        time.Time  `json:"at"`
	Findings  []Finding  `json:"findings"`
	Executors []Executor `json:"executors"`
}

// Executor is the state of one executor. A field that is left out of the JSON does not apply to
// this kind of executor.
type Executor struct {
	Name  string        `json:"name"`
	Kind  string        `json:"kind"` // its package: "workerpool"
	Stats quartet.Stats `json:"stats"`
	Rates Rates         `json:"rates"`
	// Longest are the unfinished tasks that started first, at most 20.
	Longest []Task `json:"longest,omitempty"`
	// Queue are the tasks that have been queued for longest, at most 20.
	Queue []Task `json:"queue,omitempty"`
	// Workers are the processes of a process pool.
	Workers  []Worker          `json:"workers,omitempty"`
	Restarts map[string]uint64 `json:"restarts,omitempty"` // worker processes replaced, by cause
	Loop     *Loop             `json:"loop,omitempty"`
	Lock     *Lock             `json:"lock,omitempty"` // of package gil, under the Real clock
}

// Rates are per second, over the last seconds in which somebody looked. Seconds is 0 when there is
// no earlier look. They compare the counters of two looks. So a task that began and ended between
// them is in them, too.
type Rates struct {
	Seconds   float64 `json:"seconds"`
	Submitted float64 `json:"submitted"`
	Ended     float64 `json:"ended"` // done, failed and abandoned
	Failed    float64 `json:"failed"`
	Rejected  float64 `json:"rejected"`
}

// Task is an unfinished task. Func is the name of Define or Declare; Label is that of
// quartet.Label. Held names the key or limit for which a queued task waits.
type Task struct {
	Number uint64        `json:"number"` // in the order of acceptance
	Func   string        `json:"func,omitempty"`
	Label  string        `json:"label,omitempty"`
	State  string        `json:"state"` // queued, running, waiting
	Held   string        `json:"held,omitempty"`
	Age    time.Duration `json:"age"` // since its start, or its submit if it is queued
	Stack  string        `json:"stack,omitempty"`

	goroutine int64 // for addStacks alone, so not in the JSON; 0: not known
}

// Title returns the words for a task. The label comes first, as it names the request; the
// function's name is the same for many tasks.
func (t Task) Title() string {
	name := cmp.Or(t.Label, t.Func, "task "+strconv.FormatUint(t.Number, 10))
	if t.Label != "" && t.Func != "" {
		name = fmt.Sprintf("%s (%s)", t.Label, t.Func)
	}
	return name
}

// Worker is a process of a process pool. Running names the call that runs, and RunsFor counts from
// its beginning, at the earliest.
type Worker struct {
	PID     int           `json:"pid"`
	State   string        `json:"state"`
	Age     time.Duration `json:"age"`
	Calls   uint64        `json:"calls"`
	Memory  uint64        `json:"memory"` // bytes; 0 where the system does not tell
	Running string        `json:"running,omitempty"`
	RunsFor time.Duration `json:"runs_for,omitempty"`
}

// Loop is the health of an event loop. LagP50 and LagP99 are of timers: how late they fired.
type Loop struct {
	Utilization float64       `json:"utilization"` // 0 to 1, since the last look
	LagP50      time.Duration `json:"lag_p50"`
	LagP99      time.Duration `json:"lag_p99"`
	Pending     int           `json:"pending"` // posted callbacks that wait
	Conns       int           `json:"conns"`
	Blocked     int           `json:"blocked"` // functions of quartet.Block
	Dropped     uint64        `json:"dropped"`
	Holds       []string      `json:"holds,omitempty"` // what keeps it alive
	// Current is the callback that has blocked the loop for over a quarter of its
	// Config.SlowCallback, if one does.
	Current *Callback  `json:"current,omitempty"`
	Slow    []Callback `json:"slow,omitempty"` // the callbacks that blocked it for longest
}

// Lock is what a global lock tells of itself. Switches and Forced only grow.
type Lock struct {
	Holders  []string      `json:"holders,omitempty"` // the threads that have it; of several interpreters, one each
	Waiters  int           `json:"waiters"`
	Longest  time.Duration `json:"longest"`  // the longest wait until now
	Switches uint64        `json:"switches"` // how often it went to another thread
	Forced   uint64        `json:"forced"`   // how often a thread had to drop it for another
	WaitP50  time.Duration `json:"wait_p50"`
	WaitP99  time.Duration `json:"wait_p99"`
	Convoys  []string      `json:"convoys,omitempty"` // who waits for whom again and again, in a sentence each
}

// Callback is a callback that blocked the loop.
type Callback struct {
	Func  string        `json:"func"`
	Ran   time.Duration `json:"ran"`
	Stack string        `json:"stack,omitempty"` // of the callback that blocks it now
}

// Finding is a sentence about something that an operator should know. It has everything for a line
// of a chat message: the executor's name, and a whole sentence.
type Finding struct {
	Executor string `json:"executor"`
	Level    string `json:"level"` // "bad" or "warn"
	Text     string `json:"text"`
}
