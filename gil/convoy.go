package gil

import (
	"fmt"
	"time"

	"github.com/quartet-go/quartet"
)

// Convoy is a stretch in which one thread, each time it came back from a wait, had to wait for one
// other that computed, and had to ask it for the lock.
//
// From and To are from the begin of the first such wait to the end of the last.
type Convoy struct {
	Victim, Culprit int    // their numbers, from 0
	VictimLabel     string // their labels, or "T" and the number
	CulpritLabel    string
	Count           int           // how often
	Waited          time.Duration // in all
	From, To        time.Duration
	lane            int // the victim's, in events
}

// String says it in a sentence.
func (c Convoy) String() string {
	mean := c.Waited / time.Duration(max(c.Count, 1))
	return fmt.Sprintf("%s waited %v for %s, %d times", c.VictimLabel, mean.Round(100*time.Microsecond), c.CulpritLabel,
		c.Count)
}

// leastConvoy is how many waits make a convoy.
const leastConvoy = 3

// convoy is a thread's series of long waits for the same other.
//
// A series goes on while each wait is as long as the patience and for the same culprit. A short
// wait ends it, and so does a forced drop of the thread's own: it has computed for long itself
// then.
type convoy struct {
	culprit  *vthread
	count    int
	waited   time.Duration
	from, to time.Duration
}

// waited notes a wait for the lock that ends now. A policy without patience (Ticks) calls a wait
// long from a millisecond on.
//
// Called by own, before the state changes: t.state tells whether t has waited at all.
func (s *sim) waited(t *vthread) {
	if t.state != stateWaiting {
		return
	}
	d := s.now - t.waitBegan
	t.waits.Observe(d)
	long := s.policy.Patience(LockState{})
	if long == 0 {
		long = time.Millisecond
	}
	if d < long || t.culprit == nil {
		// A wait of no time says nothing: the thread found the lock free.
		if d > 0 && t.culprit != nil {
			t.endConvoy(s)
		}
		return
	}
	c := &t.convoy
	// A series is about one culprit.
	if c.culprit != t.culprit {
		t.endConvoy(s)
		c.culprit, c.from = t.culprit, t.waitBegan
	}
	c.count++
	c.waited += d
	c.to = s.now
}

// endConvoy ends t's series.
func (t *vthread) endConvoy(s *sim) {
	if t.convoy.count >= leastConvoy {
		s.convoys = append(s.convoys, t.convoyUntilNow())
	}
	t.convoy = convoy{}
}

// convoyUntilNow is the series so far, for a report in the middle.
func (t *vthread) convoyUntilNow() Convoy {
	c := t.convoy
	return Convoy{
		Victim: t.number, Culprit: c.culprit.number, VictimLabel: t.name(), CulpritLabel: c.culprit.name(),
		Count: c.count, Waited: c.waited, From: c.from, To: c.to, lane: t.lane(),
	}
}

// remark tells an observer that takes remarks, as [quartet.Timeline] does, of the convoys.
func (r *Report) remark(name string, o quartet.Observer) {
	remarks, ok := quartet.As[interface{ Remark(quartet.Remark) }](o)
	if !ok {
		return
	}
	for _, c := range r.Convoys {
		remarks.Remark(quartet.Remark{
			Executor: name, Lane: c.lane, From: time.Unix(0, int64(c.From)).UTC(), To: time.Unix(0, int64(c.To)).UTC(),
			Text: c.String(),
		})
	}
}
