package model

import (
	"fmt"
	"slices"
	"time"
)

// Verb is a thing that a request does.
type Verb string

// The six verbs. They are the library's own: gil.Compute, gil.HoldLock, gil.Released,
// quartet.Sleep, Future.Await and quartet.Block.
const (
	Compute Verb = "compute" // the interpreter's own code: under a lock, which it gives up when asked
	Hold    Verb = "hold"    // native code that keeps the lock
	Release Verb = "release" // native code that releases the lock
	Sleep   Verb = "sleep"   // waits for a timer
	Await   Verb = "await"   // waits for a result that somebody else makes
	Block   Verb = "block"   // waits in a call of the operating system
)

// Verbs are all of them, in the order in which the page offers them.
var Verbs = []Verb{Compute, Hold, Release, Sleep, Await, Block}

// Step is a line of a script.
type Step struct {
	Do  Verb          `json:"do"`
	For time.Duration `json:"for"`
}

// Settings are what the page's numbers say.
type Settings struct {
	Script   []Step        `json:"script"`
	Threads  int           `json:"threads"`  // of the pool, and under the lock
	Cores    int           `json:"cores"`    // of the machine; there is a process for each
	Interval time.Duration `json:"interval"` // after which a thread asks for the lock
	Rate     int           `json:"rate"`     // requests that arrive in a second, independently
	Job      time.Duration `json:"job"`      // computed beside the requests, again and again; 0: none
	Pieces   int           `json:"pieces"`   // into which a job is cut, with a sleep of 0 in between
	Rule     time.Duration `json:"rule"`     // 99 of 100 requests should take no longer
	Seed     uint64        `json:"seed"`
	From     time.Duration `json:"from"` // where the picture begins
	Span     time.Duration `json:"span"` // how much time it shows
}

// Lasts is how much time a run simulates.
const Lasts = 2 * time.Second

// Limits of what the page may ask for, so that an answer comes soon.
const (
	mostSteps   = 24
	mostThreads = 64
	mostCores   = 16
	mostRate    = 2000
	mostPieces  = 100
	longest     = time.Second
)

// Check returns an error that names the bad field of s. Settings come from a page's address, which
// anybody writes.
func (s Settings) Check() error {
	if len(s.Script) == 0 || len(s.Script) > mostSteps {
		return fmt.Errorf("lab: a script has 1 to %d lines, not %d", mostSteps, len(s.Script))
	}
	var whole time.Duration
	for i, step := range s.Script {
		if !known(step.Do) {
			return fmt.Errorf("lab: line %d: %q is none of the six verbs", i+1, step.Do)
		}
		if step.For < 0 || step.For > longest {
			return fmt.Errorf("lab: line %d: %v is not between 0 and %v", i+1, step.For, longest)
		}
		whole += step.For
	}
	if whole < 10*time.Microsecond {
		return fmt.Errorf("lab: a request takes no time")
	}
	for _, r := range []struct {
		name            string
		is, least, most int64
	}{
		{"threads", int64(s.Threads), 1, mostThreads},
		{"cores", int64(s.Cores), 1, mostCores},
		{"interval", int64(s.Interval), int64(100 * time.Microsecond), int64(longest)},
		{"rate", int64(s.Rate), 1, mostRate},
		{"job", int64(s.Job), 0, int64(longest)},
		{"pieces", int64(s.Pieces), 1, mostPieces},
		{"rule", int64(s.Rule), int64(time.Millisecond), int64(10 * time.Second)},
		{"from", int64(s.From), 0, int64(Lasts)},
		{"span", int64(s.Span), int64(time.Millisecond), int64(Lasts)},
	} {
		if r.is < r.least || r.is > r.most {
			return fmt.Errorf("lab: %s is %d, which is not between %d and %d", r.name, r.is, r.least, r.most)
		}
	}
	if s.Job > 0 && s.Job < time.Millisecond {
		return fmt.Errorf("lab: a job of %v is shorter than %v", s.Job, time.Millisecond)
	}
	return nil
}

func known(v Verb) bool {
	return slices.Contains(Verbs, v)
}

// job is the script of the job beside the requests: its pieces, and sleeps of 0 between them.
func (s Settings) job() (script []Step) {
	n := time.Duration(s.Pieces)
	for i := range n {
		if i > 0 {
			script = append(script, Step{Do: Sleep})
		}
		script = append(script, Step{Do: Compute, For: s.Job*(i+1)/n - s.Job*i/n})
	}
	return script
}
