package inspect

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/draw"
)

// mostEvents bounds each part of an executor's record, and window is the time that the page shows
// of it.
const (
	mostEvents = 50_000
	window     = 10 * time.Second
)

// mostTasks bounds the lists of tasks.
const mostTasks = 20

// What an executor may offer, found through wrappers by quartet.As.
type (
	named interface{ Name() string }
	// counter is every executor of this module, and their views.
	counter interface{ Stats() quartet.Stats }
	// watchable has its events sent to o, besides its own observer, until stop is called.
	watchable interface {
		Watch(o quartet.Observer) (stop func())
	}
	// lister lists its unfinished tasks of one state, the oldest first.
	lister interface {
		Tasks(queued bool, most int) []quartet.TaskStatus
	}
)

// subject is one executor of the page.
//
// mu is for the page's own state. A look asks the executor before it takes mu. The record is filled
// by the executor's goroutines, without mu: a Timeline has a lock of its own.
//
// ex, name and kind are set by Handler, and not changed.
type subject struct {
	ex   quartet.Executor
	name string
	kind string

	// mu guards the fields below.
	mu     sync.Mutex
	record *recorder // nil: not watched
	stop   func()
	// None older than the window, when a look has ended.
	looks []look // oldest first
	// It is bounded by the lists of one look, at most twice mostTasks.
	seen map[uint64]time.Time // tasks of the last look, and since when they are as they are
}

// look is a moment at which somebody looked. It is kept as long as a later look may compare its
// rates with it.
type look struct {
	at    time.Time
	stats quartet.Stats
	loop  loopMark
}

// newSubject takes the executor's own name, so that the page, logs and metrics call it alike. An
// executor without a name has that of its kind; Handler adds a number where two have the same.
func newSubject(ex quartet.Executor) *subject {
	s := &subject{ex: ex, kind: kindOf(ex)}
	s.name = s.kind
	if n, ok := quartet.As[named](ex); ok && n.Name() != "" {
		s.name = n.Name()
	}
	return s
}

// kindOf returns the package of the executor behind all wrappers, such as workerpool. It follows
// Unwrap itself: As stops at the first that fits, and every wrapper is an Executor.
func kindOf(ex quartet.Executor) string {
	for {
		u, ok := ex.(interface{ Unwrap() quartet.Executor })
		if !ok || u.Unwrap() == nil {
			break
		}
		ex = u.Unwrap()
	}
	kind := strings.TrimPrefix(reflect.TypeOf(ex).String(), "*")
	pkg, _, _ := strings.Cut(kind, ".")
	return pkg
}

// watch switches the observer on, for an executor that can be watched. It is called under the
// page's lock, once until unwatch. w.Watch takes the executor's lock under s.mu. That is safe: no
// executor calls into this package with its lock held but Observe, which does not take s.mu.
func (s *subject) watch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record = newRecorder(s.name)
	if w, ok := quartet.As[watchable](s.ex); ok {
		s.stop = w.Watch(s.record)
	}
}

// unwatch switches it off and drops its record, so that a page which nobody looks at costs nothing.
// stop is called without mu, since it takes the executor's lock. Rates begin anew with the next
// look, because an old look would make them an average over the time in which nobody looked.
func (s *subject) unwatch() {
	s.mu.Lock()
	stop := s.stop
	s.record, s.stop, s.looks, s.seen = nil, nil, nil, nil
	s.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// recorded returns the record; nil: nobody looks. The pointer is copied under mu, and used without:
// unwatch may drop it meanwhile, and does not change it.
func (s *subject) recorded() *recorder {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record
}

// timeline returns the record of the window, and the number of lanes that it leaves out.
func (s *subject) timeline(now time.Time) (t *quartet.Timeline, left int) {
	record := s.recorded()
	if record == nil {
		return &quartet.Timeline{}, 0
	}
	return record.timeline(now)
}

// snapshot is one look. Rates compare with the oldest look of the window, so that two people who
// look at once do not make each other's windows short.
//
// Several requests may run it at once. Each asks the executor by itself, so the looks may be
// appended in another order than they were made; a rate over no time, or less, is left out.
//
// The executor is asked without s.mu, which watch and unwatch need: an executor that hangs holds up
// its own look only.
func (s *subject) snapshot(now time.Time) Executor {
	x := Executor{Name: s.name, Kind: s.kind}
	if c, ok := quartet.As[counter](s.ex); ok {
		x.Stats = c.Stats()
	}
	if l, ok := quartet.As[lister](s.ex); ok {
		started, queued := l.Tasks(false, mostTasks), l.Tasks(true, mostTasks)
		since := s.since(slices.Concat(started, queued), now)
		x.Longest, x.Queue = tasks(started, since, now), tasks(queued, since, now)
	}
	mark := describe(s.ex, &x, now)
	s.mu.Lock()
	defer s.mu.Unlock()
	// Nobody looks: no earlier look is kept, so there are no rates either.
	if s.record == nil {
		return x
	}
	if len(s.looks) > 0 {
		x.rate(s.looks[0], now, mark)
	}
	// The first look within the window stays, and all after it.
	s.looks = append(s.looks, look{now, x.Stats, mark})
	if i := slices.IndexFunc(s.looks, func(l look) bool { return now.Sub(l.at) <= window }); i > 0 {
		s.looks = slices.Delete(s.looks, 0, i)
	}
	return x
}

// rate fills in the numbers that need an earlier look. Counters only grow, so a difference over a
// time is a rate, whatever happened between. But a look notes the time before it asks the executor:
// of two at once the one with the earlier time may have read the later counters. A difference below
// zero is such a case, and counts as none: subtracted as uint64, it would be a rate of 2⁶⁴.
func (x *Executor) rate(since look, now time.Time, mark loopMark) {
	seconds := now.Sub(since.at).Seconds()
	if seconds <= 0 {
		return
	}
	per := func(now, before uint64) float64 { return float64(max(now, before)-before) / seconds }
	a, b := x.Stats, since.stats
	x.Rates = Rates{
		Seconds:   seconds,
		Submitted: per(a.Submitted, b.Submitted),
		Ended:     per(a.Done+a.Failed+a.Abandoned, b.Done+b.Failed+b.Abandoned),
		Failed:    per(a.Failed, b.Failed),
		Rejected:  per(a.Rejected, b.Rejected),
	}
	if x.Loop != nil {
		x.Loop.Utilization = mark.since(since.loop)
	}
}

// since returns when each task entered its present state. Executors time only some tasks. For the
// others it is the time at which a look found them first. Tasks that are not listed any more are
// forgotten. It runs once in each look, and replaces the map as a whole.
func (s *subject) since(all []quartet.TaskStatus, now time.Time) map[uint64]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := make(map[uint64]time.Time, len(all))
	for _, t := range all {
		first, ok := s.seen[t.Task]
		switch {
		case !t.Since.IsZero():
			first = t.Since
		case !ok:
			first = now
		}
		since[t.Task] = first
	}
	s.seen = since
	return since
}

// tasks are the listed tasks, the oldest first. Text that comes from the program is cleaned here,
// before any form is written. The executor's order need not be that of the ages that looks have
// found, hence the sort.
func tasks(all []quartet.TaskStatus, since map[uint64]time.Time, now time.Time) []Task {
	tasks := make([]Task, 0, len(all))
	for _, t := range all {
		tasks = append(tasks, Task{
			Number: t.Task, Func: draw.Clean(t.Func), Label: draw.Clean(t.Label), State: stateWords[t.State],
			Held: draw.Clean(t.Held),
			Age:  max(0, now.Sub(since[t.Task])), goroutine: t.Goroutine,
		})
	}
	slices.SortStableFunc(tasks, func(a, b Task) int { return cmp.Compare(b.Age, a.Age) })
	return tasks
}

// The state of a task is told by its last event. The words are in the JSON, and so a promise.
var stateWords = map[quartet.EventKind]string{
	quartet.EventQueued: "queued", quartet.EventStarted: "running", quartet.EventSuspended: "waiting",
}
