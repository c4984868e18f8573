package gil

import (
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/task"
)

// Contention is what a live lock tells of itself; of the locks of [PerInterpreter] all together.
//
// The counters only grow; the rest is of the moment.
type Contention struct {
	Holders  []string          // the threads that have a lock now: their labels, or "task" and their numbers
	Waiters  int               // threads that wait for a lock now
	Longest  time.Duration     // the longest of their waits until now
	Switches uint64            // how often a lock went to another thread
	Forced   uint64            // how often a holder dropped a lock since another had asked for it
	Wait     quartet.Histogram // of the waits for a lock that have ended, where it was taken
	// Convoys are the series of waits that go on now: a thread had to ask the same other for the
	// lock at least three times, each time that it wanted it. Policies under which nobody asks have
	// none.
	Convoys []Convoy
}

// Contention returns what the locks tell now, under the Real clock. It takes each lock's mutex for
// a moment. Under the Virtual clock it is empty, and [Scheduler.Report] has more. The locks of
// several interpreters are read one after the other, so the sums are of no one moment.
func (s *Scheduler) Contention() (c Contention) {
	e, ok := s.engine.(*real)
	if !ok || e.traits.Unlocked {
		return c
	}
	for i := range e.locks {
		e.locks[i].contention(&c)
	}
	return c
}

// contention adds the lock's figures to c. Of several interpreters the waits are added up, and the
// longest counts.
func (l *lock) contention(c *Contention) {
	// Before the mutex, and held after it: holder may have let go in between, and then nobody is
	// shown. running is empty while a thread is on its way between the lock and its code; then
	// nobody is named, though held is set.
	holder := l.running.Load()
	l.mu.Lock()
	defer l.mu.Unlock()
	if holder != nil && l.held {
		c.Holders = append(c.Holders, (*run)(holder).name())
	}
	now := time.Now()
	for _, w := range l.waiters {
		c.Longest = max(c.Longest, now.Sub(w.since))
	}
	// A woken thread still waits. Its wait is not among the longest, as it has left the list.
	c.Waiters += len(l.waiters) + l.flying
	c.Switches += l.switches
	c.Forced += l.forced
	addHistogram(&c.Wait, &l.waits)
	for victim, s := range l.series {
		if s.count >= leastConvoy {
			c.Convoys = append(c.Convoys, s.convoy(victim, l.began))
		}
	}
}

// series is a thread's waits for the same other, each of which ended only when it had asked for the
// lock. It is convoy for the Real clock, where the culprit is known only if the ticker asked. mu of
// the lock guards it.
//
// It keeps the node of a culprit that may have ended, for its name, until the victim's own series
// ends.
type series struct {
	culprit  *task.Node
	count    int
	waited   time.Duration
	from, to time.Time
}

func (s *series) convoy(victim *task.Node, began time.Time) Convoy {
	return Convoy{
		Victim: int(victim.Seq) - 1, Culprit: int(s.culprit.Seq) - 1,
		VictimLabel: (*run)(victim).name(), CulpritLabel: (*run)(s.culprit).name(),
		Count: s.count, Waited: s.waited, From: s.from.Sub(began), To: s.to.Sub(began), lane: int(victim.Lane),
	}
}

// waitedLocked notes that the wait of id has ended. It is called for the thread itself, on its
// goroutine, when it has the lock or competes anew. A thread's wait may consist of several waiters,
// one for each lost race; each counts by itself.
func (l *lock) waitedLocked(id any, w *waiter) {
	now := time.Now()
	d := now.Sub(w.since)
	l.waits.Observe(d)
	victim, ok := id.(*task.Node)
	if !ok { // a thread's first turn
		return
	}
	s := l.series[victim]
	switch {
	case w.culprit == nil:
		l.endSeriesLocked(id)
		return
	case s == nil || s.culprit != w.culprit:
		s = &series{culprit: w.culprit, from: w.since}
		if l.series == nil {
			l.series = make(map[*task.Node]*series)
		}
		l.series[victim] = s
		l.convoys.Store(int32(len(l.series)))
	}
	s.count++
	s.waited += d
	s.to = now
}

// endSeriesLocked: id has the lock without having asked for it, or has ended.
func (l *lock) endSeriesLocked(id any) {
	if len(l.series) == 0 {
		return
	}
	if n, ok := id.(*task.Node); ok {
		delete(l.series, n)
		l.convoys.Store(int32(len(l.series)))
	}
}

// forget drops the record of a thread that ends. convoys spares the mutex where there are no
// series, which is nearly always. It is called by the thread itself, which adds to no series any
// more.
func (l *lock) forget(n *task.Node) {
	if l.convoys.Load() == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.endSeriesLocked(n)
}
