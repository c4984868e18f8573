package child

import "time"

const (
	// watchEvery is how often the watch looks at a running task. A sleep of this length costs
	// little beside a task that is worth watching, and bounds how late a CANCEL is read.
	watchEvery = 200 * time.Microsecond
	// longTask is after what time what waits behind a task is given back to the pool. It is
	// compared with what the running task has taken so far, since nobody knows what it will take.
	longTask = 2 * time.Millisecond
	// calm is how many looks without anything to do end a watch: starting one costs a switch
	// between threads.
	calm = 25
)

// watch has the running task watched. It is called whenever something begins that may have to be
// looked after: a start, a task that waits behind others, a CALL. It may be called with or without
// mu, and does not block: of those who find the watch at rest one sends, into a channel that holds
// one.
func (s *server) watch() {
	if !s.watching.Load() && s.watching.CompareAndSwap(false, true) {
		s.watched <- struct{}{}
	}
}

// watchLoop looks after what a running task keeps from being done: frames are read, finished
// results are written, and tasks go back to the pool, where another worker may be idle. It rests
// while no task starts, or one runs alone.
//
// It has a goroutine of its own, since all others may be running functions that do not return. It
// never runs a task and never reads: it calls up somebody who does (kickLocked).
func (s *server) watchLoop() {
	var seen uint64
	for range s.watched {
		for quiet := 0; quiet < calm || !s.unwatch(&seen); quiet++ {
			time.Sleep(watchEvery)
			if s.look(&seen) {
				quiet = 0
			}
		}
	}
}

// unwatch ends the watch, unless there is something to look after again.
func (s *server) unwatch(seen *uint64) bool {
	// The order keeps a start from being missed: a start before the Store is seen by the look
	// below, a start after it sends.
	s.watching.Store(false) // from here on a new start begins a watch
	return !s.look(seen) || !s.watching.CompareAndSwap(false, true)
}

// look reports whether there was something to look after. seen is the number of starts at the last
// look.
//
// Everything that it does is for the case that a task is long; with short tasks the goroutine that
// runs them reads and writes in between. It gives tasks back only while no token is free: otherwise
// these start at once.
func (s *server) look(seen *uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	busy := s.starts != *seen || len(s.local) > 0
	*seen = s.starts
	if longest, runs := s.longestLocked(); runs {
		if !s.crew.reads() {
			busy = true
			// A task that has just started ends before somebody else would have begun to read.
			if longest > watchEvery/2 {
				s.kickLocked()
			}
		}
		// The pool bounds how often it gets the same task back, and sends it where a worker is
		// idle.
		if longest > longTask && s.tokens == 0 {
			for _, j := range s.local {
				s.giveBackLocked(j, 0)
			}
			s.local = nil
		}
	}
	if _, unwritten := s.out.waiting(); unwritten {
		s.out.flush()
	}
	return busy
}

// longestLocked returns for how long the eldest of the running tasks has run. Those that are
// suspended keep nobody waiting: their token is with another task.
func (s *server) longestLocked() (time.Duration, bool) {
	for _, j := range s.started {
		if j.stage == running {
			return time.Since(j.began), true
		}
	}
	return 0, false
}
