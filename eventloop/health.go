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

// Health is a snapshot of the loop's own figures.
type Health struct {
	// Lag holds how late timers fired, and how long posts waited behind slow or many callbacks
	// (Node's monitorEventLoopDelay). A timer's lag leaves out the last few short callbacks before
	// it. The watchdog samples posts, up to four times in each Config.SlowCallback; their lag may
	// be too short by a quarter of SlowCallback. While a callback keeps the loop, Lag has one value
	// more: for how long it is known to do so.
	Lag        quartet.Histogram
	Turns      uint64 // times round the phases
	Timers     uint64 // callbacks of the timers phase
	Posted     uint64 // posted callbacks, task starts and task resumptions
	Immediates uint64 // callbacks of that phase
	Closing    uint64 // ends of connections
	Ticks      uint64 // callbacks of NextTick
	Microtasks uint64 // those of Microtask, and tasks that went on as one
	// LongestChain is the most ticks and microtasks that followed one callback. A long chain
	// starves the phases.
	LongestChain uint64
	// Longest are the callbacks that kept the loop longest since New, at most eight, the longest
	// first. The watchdog samples them. It sees every callback that takes over a quarter of
	// Config.SlowCallback, and measures up to a quarter too little.
	Longest    []Callback
	Idle       time.Duration  // parked, or out of a Run, since New
	Up         time.Duration  // since New
	Pending    int            // posted, and not taken by a turn
	MaxPosted  int            // the highest Pending so far
	Dropped    uint64         // posts, results for Then and ends of connections that Close has dropped, uncalled
	Blocked    int            // functions of quartet.Block that run or wait for their turn
	MaxBlocked int            // the most that ran at once
	Holds      map[string]int // KeepAlive, by name
	Conns      int            // connections that have not ended
	// AcceptErrors is how often a listener could not accept a connection, for want of descriptors
	// say, and tried again.
	AcceptErrors uint64
	// Tasks names the oldest eight tasks that have started and not ended, by label or number.
	// Shutdown waits for them.
	Tasks []string
}

// Callback describes a callback that kept the loop for long.
type Callback struct {
	Func string        // the function's name, or the task's label
	Ran  time.Duration // at least this long, with its ticks and microtasks
}

// Utilization is the share of the time since an earlier snapshot, or since New for a zero one, in
// which the loop was not parked (Node's eventLoopUtilization).
func (h Health) Utilization(since Health) float64 {
	up, idle := h.Up-since.Up, h.Idle-since.Idle
	if up <= 0 {
		return 0
	}
	return 1 - float64(idle)/float64(up)
}

// health holds the counters. The first group is counted without a lock, as a lock for each callback
// would cost more than many callbacks. It is copied into published at moments when the loop holds
// the lock anyway: when it parks, when it answers the watchdog, and at the end of a Run. Others
// read published.
type health struct {
	// Used only on the loop's goroutine; published when the loop parks or answers the watchdog.
	lag               quartet.Histogram
	turns             uint64
	called            [phases]uint64
	ticks, microtasks uint64
	longestChain      uint64
	longest           []Callback

	// Locked.
	idle      time.Duration
	dropped   uint64
	failures  uint64 // of listeners
	holds     map[string]int
	published Health
}

// ended notes how long the last callback ran. A callback of less than a millisecond needs no name:
// name costs an allocation. longest is sorted, the longest first, so a binary search finds the
// place.
func (h *health) ended(ran time.Duration, name func() string) {
	const most = 8
	if ran < time.Millisecond {
		return
	}
	i, _ := slices.BinarySearchFunc(h.longest, ran, func(c Callback, ran time.Duration) int {
		return cmp.Compare(ran, c.Ran)
	})
	if i < most {
		h.longest = slices.Insert(h.longest, i, Callback{name(), ran})
		h.longest = h.longest[:min(len(h.longest), most)]
	}
}

// holdLocked counts a hold under its name, or counts it out. A name without holds goes, so
// that the map does not grow with names that are made up for each request.
func (h *health) holdLocked(name string, n int) {
	if h.holds == nil {
		h.holds = make(map[string]int)
	}
	if h.holds[name] += n; h.holds[name] == 0 {
		delete(h.holds, name)
	}
}

// acceptFailed counts an error of a listener that tries again.
func (l *Loop) acceptFailed() {
	l.in.Lock()
	l.health.failures++
	l.in.Commit()
}

// publishLocked is called on the loop's goroutine or while that is parked.
func (h *health) publishLocked() {
	p := &h.published
	p.Lag, p.Turns = h.lag, h.turns
	p.Timers, p.Posted, p.Immediates, p.Closing = h.called[timersPhase], h.called[postedPhase],
		h.called[immediatesPhase], h.called[closingPhase]
	p.Ticks, p.Microtasks, p.LongestChain = h.ticks, h.microtasks, h.longestChain
	// Shared and not copied: ended changes it under the lock (in attend), and Health copies it
	// there.
	p.Longest = h.longest
}

// Stats returns a snapshot of the loop's tasks; posted callbacks and timers are in Health.
func (l *Loop) Stats() quartet.Stats {
	l.made()
	return l.in.Stats()
}

// Health returns a snapshot. The loop publishes its counters when it parks and when the watchdog
// has asked. So they are at most a quarter of Config.SlowCallback old, unless a callback keeps the
// loop.
func (l *Loop) Health() Health {
	l.made()
	// Before the lock: it takes the lock itself.
	tasks := l.oldest()
	l.in.Lock()
	defer l.in.Commit()
	if l.asleep.Load() { // nobody changes the loop's own counters now; else those of the last publish count
		l.health.publishLocked()
	}
	h := l.health.published
	h.Tasks = tasks
	h.Up, h.Holds, h.Conns = l.now(), maps.Clone(l.health.holds), len(l.conns)
	h.Pending, _, h.MaxPosted = l.inbox.lens()
	h.Blocked, h.MaxBlocked = l.blocking.count+len(l.blocking.queued), l.blocking.peak
	h.Dropped, h.AcceptErrors = l.health.dropped, l.health.failures
	h.Longest = slices.Clone(h.Longest)
	h.Idle = l.health.idle
	switch {
	case l.asleep.Load() || !l.running:
		h.Idle += h.Up - l.parkedAt
	// The question is open: a callback has run since asked at least.
	case l.attention.Load()&lookAsked != 0:
		h.Lag.Observe(h.Up - l.dog.asked)
	}
	return h
}

// lastName names the last callback or task for a reader. It is called on the loop's goroutine, in
// attend.
func (l *Loop) lastName() string {
	switch last := l.turn.last; {
	case last.task != nil:
		return taskName(last.task)
	case l.cfg.Debug && l.origin.Load() != nil:
		return l.origin.Load().name()
	case last.fn != nil:
		return nameOf(last.fn)
	}
	return "none"
}

func taskName(n *task.Node) string {
	if label := n.Label(); label != "" {
		return "task " + label
	}
	return fmt.Sprintf("task %d", n.Seq)
}

// oldest names the oldest tasks that have started and not ended. It takes the intake's lock.
func (l *Loop) oldest() (names []string) {
	for _, n := range l.in.Oldest(8) {
		names = append(names, taskName(n))
	}
	return names
}

// blockers returns, as slog wants it, what the warning of a slow Shutdown or Close shows: all that
// can keep either waiting. It is called without the lock, by the warning's timer.
func (l *Loop) blockers() []any {
	h := l.Health()
	return []any{"tasks", h.Tasks, "holds", h.Holds, "connections", h.Conns, "blocked", h.Blocked, "posted", h.Pending}
}

func nameOf(fn func()) string { return runtime.FuncForPC(reflect.ValueOf(fn).Pointer()).Name() }
