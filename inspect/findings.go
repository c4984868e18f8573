package inspect

import (
	"fmt"
	"strings"
	"time"
)

// When a number becomes a finding.
const (
	// They are for people who look now, so they are fixed; alerts, which need limits of the
	// service's own, are for the collectors in contrib. A rate of a shorter time than quickRates is
	// mostly chance.
	oldQueued  = time.Second
	oldTask    = 5 * time.Second
	highLag    = 100 * time.Millisecond
	quickRates = 2.0 // seconds that a rate must cover
)

// findings returns what an operator should know, the worst first. It reads the snapshot alone, so a
// test can hand it any state, and the page and the JSON agree.
//
// Within a level the order is that of the executors. Each finding is a sentence with its numbers: a
// reader decides by it without looking anything up. nil means that nothing is to be told, and is
// null in the JSON.
func findings(executors []Executor) []Finding {
	var bad, warn []Finding
	for _, x := range executors {
		add := func(to *[]Finding, level, format string, args ...any) {
			*to = append(*to, Finding{x.Name, level, fmt.Sprintf(format, args...)})
		}
		for _, f := range x.bad() {
			add(&bad, "bad", "%s", f)
		}
		for _, f := range x.warnings() {
			add(&warn, "warn", "%s", f)
		}
	}
	return append(bad, warn...)
}

// bad returns the findings for which somebody is refused or stands still. A full queue is told of
// once: by its waiting submitters, or else by its refusals.
func (x Executor) bad() (all []string) {
	s := x.Stats
	switch {
	case s.Blocked > 0:
		all = append(all,
			fmt.Sprintf("The queue is full: %d tasks are queued, and %d submitters wait for room.", s.Queued,
				s.Blocked))
	case x.Rates.Rejected > 0:
		all = append(all,
			fmt.Sprintf("It refuses %s tasks per second; %d tasks are queued.", rateText(x.Rates.Rejected), s.Queued))
	}
	if x.Loop != nil && x.Loop.Current != nil && x.Loop.Current.Ran >= highLag {
		all = append(all,
			fmt.Sprintf("The loop is blocked: %s has run for %v.", x.Loop.Current.Func, round(x.Loop.Current.Ran)))
	}
	if x.Lock != nil && x.Lock.Longest >= highLag {
		all = append(all, fmt.Sprintf("The lock is kept by %s: %d threads wait for it, one for %v.",
			strings.Join(x.Lock.Holders, ", "), x.Lock.Waiters, round(x.Lock.Longest)))
	}
	for _, w := range x.Workers {
		if w.RunsFor >= oldTask {
			all = append(all, fmt.Sprintf("Worker process %d has run %s for %v.", w.PID, w.Running, round(w.RunsFor)))
		}
	}
	return all
}

// warnings returns the findings that explain slowness. Queue is a list of bounded length, so the
// number of held tasks is "or more".
func (x Executor) warnings() (all []string) {
	// It comes before the queue's age, since it explains it: more slots would not help.
	if held := x.held(); held > 0 && x.free() > 0 {
		all = append(all,
			fmt.Sprintf("%d or more queued tasks wait for %s, while %d slots are free.", held, x.Queue[0].Held,
				x.free()))
	} else if len(x.Queue) > 0 && x.Queue[0].Age >= oldQueued {
		all = append(all,
			fmt.Sprintf("The oldest of %d queued tasks has waited for %v.", x.Stats.Queued, round(x.Queue[0].Age)))
	}
	// The convoys are ordered by the time that they cost.
	if x.Lock != nil && len(x.Lock.Convoys) > 0 {
		all = append(all, "The lock has a convoy: "+x.Lock.Convoys[0]+".")
	}
	// A process pool's tasks are told of as worker processes, by bad.
	most := 3
	for _, t := range x.Longest {
		if t.State == "running" && t.Age >= oldTask && len(x.Workers) == 0 && most > 0 {
			all = append(all, fmt.Sprintf("%s has run for %v.", t.Title(), round(t.Age)))
			most--
		}
	}
	if x.Rates.Seconds >= quickRates && x.Rates.Failed > x.Rates.Ended/10 {
		all = append(all, fmt.Sprintf("%.0f %% of its tasks fail.", 100*x.Rates.Failed/x.Rates.Ended))
	}
	if x.Loop != nil && x.Loop.LagP99 >= highLag {
		all = append(all, fmt.Sprintf("One timer in a hundred fires over %v late.", round(x.Loop.LagP99)))
	}
	return all
}

// held returns the number of listed queued tasks that wait for a key or a limit, if that of the
// oldest does. A young oldest task is no finding: a key that is busy for a moment is what keys are
// for.
func (x Executor) held() (n int) {
	if len(x.Queue) == 0 || x.Queue[0].Held == "" || x.Queue[0].Age < oldQueued {
		return 0
	}
	for _, t := range x.Queue {
		if t.Held == x.Queue[0].Held {
			n++
		}
	}
	return n
}

// free is how many slots are free; negative after a Resize to fewer. An executor without a Limit
// gives 0 or less, and so no finding.
func (x Executor) free() int { return int(x.Stats.Limit) - int(x.Stats.Running) }

// round shortens a duration to about three digits. It is for reading: 1.234567 s becomes 1.23 s.
func round(d time.Duration) time.Duration {
	for unit := time.Duration(1); ; unit *= 10 {
		if d < 1000*unit {
			return d.Round(unit)
		}
	}
}
