package eventloop

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"runtime"
	"slices"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// Health is a snapshot of how the loop itself does.
type Health struct {
	// Lag is how late timers fired (Node's monitorEventLoopDelay), but for what the last few short callbacks took.
	Lag        quartet.Histogram
	Turns      uint64 // times round the phases
	Timers     uint64 // callbacks of the timers phase
	Posted     uint64 // posted callbacks, task starts and task resumptions
	Immediates uint64 // callbacks of that phase
	Closing    uint64 // ends of connections
	Ticks      uint64 // callbacks of NextTick
	Microtasks uint64 // those of Microtask, and tasks that went on as one
	// LongestChain is the most ticks and microtasks that followed one callback: a large one starves the phases.
	LongestChain uint64
	// Longest are the callbacks that kept the loop longest since New, the longest first, eight at most. The watchdog
	// measures them, by sampling: a callback of over a quarter of Config.SlowCallback is always seen, and a length is by
	// up to that much too short.
	Longest    []Callback
	Idle       time.Duration  // parked since New
	Up         time.Duration  // since New
	Pending    int            // posted, and not taken by a turn
	MaxPosted  int            // the most of it
	Dropped    uint64         // posted, and never called: dropped by Close
	Blocked    int            // functions of quartet.Block that run or wait for their turn
	MaxBlocked int            // the most of them that ran at once
	Holds      map[string]int // KeepAlive, by name
	Conns      int            // connections that have not ended
	// Tasks are those that have started and not ended, the oldest eight, by label or number: whom Shutdown waits for.
	Tasks []string
}

// Callback is one that kept the loop long.
type Callback struct {
	Func string        // the function's name, or the task's label
	Ran  time.Duration // at least; the ticks and microtasks that followed are in it
}

// Utilization is the share of the time since an earlier snapshot, or since New for a zero one, in which the loop was not
// parked (Node's eventLoopUtilization).
func (h Health) Utilization(since Health) float64 {
	up, idle := h.Up-since.Up, h.Idle-since.Idle
	if up <= 0 {
		return 0
	}
	return 1 - float64(idle)/float64(up)
}

// health is guarded as the field's comment says.
type health struct {
	// Of the loop's goroutine; published when the loop is parked or the watchdog asks.
	lag               quartet.Histogram
	turns             uint64
	called            [phases]uint64
	ticks, microtasks uint64
	longestChain      uint64
	idle              time.Duration
	longest           []Callback

	// Locked.
	dropped   uint64
	holds     map[string]int
	published Health
}

// ended notes for how long the last callback ran.
func (h *health) ended(ran time.Duration, name func() string) {
	const most = 8
	if ran < time.Millisecond {
		return
	}
	i, _ := slices.BinarySearchFunc(h.longest, ran, func(c Callback, ran time.Duration) int { return cmp.Compare(ran, c.Ran) })
	if i < most {
		h.longest = slices.Insert(h.longest, i, Callback{name(), ran})
		h.longest = h.longest[:min(len(h.longest), most)]
	}
}

// hold is locked.
func (h *health) hold(name string, n int) {
	if h.holds == nil {
		h.holds = make(map[string]int)
	}
	if h.holds[name] += n; h.holds[name] == 0 {
		delete(h.holds, name)
	}
}

// publish is locked, on the loop's goroutine.
func (h *health) publish() {
	p := &h.published
	p.Lag, p.Turns, p.Idle = h.lag, h.turns, h.idle
	p.Timers, p.Posted, p.Immediates, p.Closing = h.called[timersPhase], h.called[postedPhase], h.called[immediatesPhase], h.called[closingPhase]
	p.Ticks, p.Microtasks, p.LongestChain = h.ticks, h.microtasks, h.longestChain
	p.Longest = h.longest
}

// Stats returns a snapshot of the loop's tasks; posted callbacks and timers are in Health.
func (l *Loop) Stats() quartet.Stats { return l.in.Stats() }

// Health returns a snapshot. What the loop counts is as of the last time it parked, or the watchdog looked: a quarter of
// Config.SlowCallback ago at most, but for the callback that runs now.
func (l *Loop) Health() Health {
	tasks := l.oldest()
	l.in.Lock()
	defer l.in.Unlock()
	if l.asleep.Load() { // so that nobody changes what is of the loop's goroutine
		l.health.publish()
	}
	h := l.health.published
	h.Tasks = tasks
	h.Up, h.Holds, h.Conns = l.now(), maps.Clone(l.health.holds), len(l.conns)
	h.Pending, _, h.MaxPosted = l.inbox.lens()
	h.Blocked, h.MaxBlocked = l.blocking.count+len(l.blocking.queued), l.blocking.peak
	h.Dropped = l.health.dropped
	h.Longest = slices.Clone(h.Longest)
	if l.asleep.Load() {
		h.Idle += h.Up - l.parkedAt
	}
	return h
}

// lastName says what was called last, for a reader.
func (l *Loop) lastName() string {
	switch last := l.turn.last; {
	case last.task != nil:
		return taskName(last.task)
	case l.cfg.Debug && l.place.Load() != nil:
		return l.place.Load().name()
	case last.fn != nil:
		return nameOf(last.fn)
	}
	return "none"
}

func taskName(n *task.Node) string {
	if label := task.LabelOf(n.Parent()); label != "" {
		return "task " + label
	}
	return fmt.Sprintf("task %d", n.Seq)
}

// oldest names the tasks that have started first and not ended.
func (l *Loop) oldest() (names []string) {
	for _, n := range l.in.Oldest(8) {
		names = append(names, taskName(n))
	}
	return names
}

// blockers is what a Shutdown or Close that waits long says.
func (l *Loop) blockers() []any {
	h := l.Health()
	return []any{"tasks", h.Tasks, "holds", h.Holds, "connections", h.Conns, "blocked", h.Blocked, "posted", h.Pending}
}

func nameOf(fn func()) string { return runtime.FuncForPC(reflect.ValueOf(fn).Pointer()).Name() }
