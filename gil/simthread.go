package gil

import (
	"fmt"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/linked"
)

// state is what a thread does.
type state uint8

// Every moment of a thread's life is in one of these; set adds up the time in each.
const (
	stateBlocked state = iota // in a sleep or another wait, or between two of these
	stateWaiting              // for the lock
	stateRunning              // with the lock
	stateNative               // computing without the lock
	stateEnded
)

// vthread is a thread of the simulated machine.
//
// The groups: who it is; what it does now; where it runs; since when, for costs that depend on
// that; its entry in the agenda; its part in a lock's queue; its random numbers; its figures.
// Invariant: Run, Wait, Native and Blocked add up to the time from begun to since, the time of the
// last change of state.
type vthread struct {
	code   code
	number int
	label  string
	task   uint64   // as in events
	lock   *simLock // nil: it needs none
	inside bool     // of an interpreter
	abroad bool     // not on this machine: its time is exact, and it needs no core
	user   any      // the owner's

	op    Op
	left  time.Duration // of its computing
	slice time.Duration // when it began to compute, what it owed paid
	paid  time.Duration // that
	owed  time.Duration // cost of its acts (wake-ups, releases), to be paid in its next stretch of time
	woken bool          // a wait ended before it had begun

	core      int           // where it ran last; -1: it has not
	computing bool          // it has that core, and keeps it
	ready     bool          // it is in that core's queue
	heavy     bool          // it computed for long between its last two waits
	lag       time.Duration // by how much it had less of its core than its fair share
	displaced bool          // it lost the core while it was awake, and waits for its turn

	burst   time.Duration // what it had computed when it last began to wait
	wakesAt time.Duration // when its sleep is to end
	held    time.Duration // when it last had its lock
	chill   time.Duration // what its calls of the kernel cost more, since it has not run for long

	due   occasion // what its entry in the agenda is about
	place int      // of that entry, from 1; 0: none

	link      linked.Link[*vthread] // among those that wait for the lock
	before    uint64                // the lock's switches when its wait for it began
	droppedAt time.Duration         // when it dropped the lock on request, last
	asked     bool                  // to drop it; where policies keep that by thread

	timers, wakes, places stream

	convoy    convoy
	culprit   *vthread      // for whom it waits
	got       time.Duration // when the message was put that it got last
	begun     time.Duration
	since     time.Duration
	state     state
	waitBegan time.Duration
	waits     quartet.Histogram
	Figures

	// Asked when it has been woken, before it wants its lock; nil: it never waits on.
	waitsOn func() bool
}

// Figures is what became of one thread's time, and of its lock. Run, Wait, Native and Blocked add
// up to its life. Computed and Locked are parts of the other sums, and not added to them.
type Figures struct {
	Run       time.Duration // with the lock
	Wait      time.Duration // for the lock
	Native    time.Duration // computing without the lock
	Blocked   time.Duration // in sleeps and other waits, wake-ups included
	Slept     time.Duration // of Blocked: what the sleeps were asked to last
	Computed  time.Duration // on a core, costs included
	Locked    time.Duration // of Computed: with the lock
	Forced    uint64        // times it dropped the lock on request
	Voluntary uint64        // times it released the lock by itself
	Lost      uint64        // times it was woken and found the lock taken
	Asked     uint64        // times it asked for the lock
}

// name is t's label, or its number.
func (t *vthread) name() string {
	if t.label != "" {
		return t.label
	}
	return fmt.Sprintf("T%d", t.number)
}

// lane is where events show t: where its task is. Remarks have to name the lane that events name.
func (t *vthread) lane() int {
	if t.task > 0 {
		return int(t.task) - 1
	}
	return t.number
}

// set changes t's state, and accounts for the one before. moved is told only of changes between
// running and not running: those are the ones that Stats counts. Nothing else writes state, once
// spawn has made t.
func (t *vthread) set(s *sim, to state) {
	d := s.now - t.since
	switch t.state {
	case stateWaiting:
		t.Wait += d
	case stateRunning:
		t.Run += d
	case stateNative:
		t.Native += d
	case stateBlocked:
		t.Blocked += d
	}
	t.since = s.now
	changed := t.state != to
	if changed && s.moved != nil && to != stateEnded && (t.state == stateRunning) != (to == stateRunning) {
		s.moved(t, to == stateRunning)
	}
	t.state = to
	if changed && s.watch != nil && to != stateEnded {
		t.show(s)
	}
}

// show tells the observer t's state. A thread is suspended in events whenever it does not compute.
func (t *vthread) show(s *sim) {
	switch t.state {
	case stateWaiting:
		s.watch(t, quartet.EventSuspended, quartet.DetailLock, nil)
	case stateBlocked:
		s.watch(t, quartet.EventSuspended, "", nil)
	case stateNative:
		s.watch(t, quartet.EventResumed, quartet.DetailNative, nil)
	case stateRunning:
		s.watch(t, quartet.EventResumed, "", nil)
	}
}

// note tells of something between two states: a request, a lost race, a forced switch.
func (t *vthread) note(s *sim, detail string, peer *vthread) {
	if s.watch != nil {
		s.watch(t, quartet.EventNoted, detail, peer)
	}
}

// check panics when t's states do not add up to its life. It is called once, at the end, so it
// costs nothing in between.
func (t *vthread) check(s *sim) {
	if sum, life := t.Run+t.Wait+t.Native+t.Blocked, s.now-t.begun; sum != life {
		panic(fmt.Sprintf("gil: invariant broken: the states of thread %d add up to %v of %v", t.number, sum, life))
	}
}

// late is by how much a timer of d is late. Each thread draws from a stream of its own, so the
// order of threads changes nothing. One number is drawn for each timed wait whose slack is not 0.
func (t *vthread) late(s *sim, d time.Duration) time.Duration {
	return t.timers.scale(s.machine.TimerSlack.of(d), &narrow)
}

// heavy is how much computing between two waits makes a thread a heavy one. It decides where a
// thread may wake (besideWaker) and whether the kernel keeps it apart (lands).
const heavy = 500 * time.Microsecond
