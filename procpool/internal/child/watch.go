package child

import "time"

const (
	// watchEvery is how often the watch looks at a running task.
	watchEvery = 200 * time.Microsecond
	// longTask is after what time what waits behind a task is given back to the pool.
	longTask = 2 * time.Millisecond
	// calm is how many looks without anything to do end a watch: starting one costs a switch
	// between threads.
	calm = 25
)

// watch has the running task watched.
func (s *server) watch() {
	if !s.watching.Load() && s.watching.CompareAndSwap(false, true) {
		s.watched <- struct{}{}
	}
}

// watchLoop looks after what a running task keeps from being done: frames are read, finished
// results are written, and tasks go back to the pool, where another worker may be idle. It rests
// while no task starts, or one runs alone.
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
	s.watching.Store(false) // from here on a new start begins a watch
	return !s.look(seen) || !s.watching.CompareAndSwap(false, true)
}

// look reports whether there was something to look after. seen is the number of starts at the last
// look.
func (s *server) look(seen *uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	busy := s.starts != *seen || len(s.local) > 0
	*seen = s.starts
	if longest, runs := s.longestLocked(); runs {
		if !s.crew.reads() {
			busy = true
			if longest > watchEvery/2 {
				s.kickLocked()
			}
		}
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

// longestLocked returns for how long the eldest of the running tasks has run.
func (s *server) longestLocked() (time.Duration, bool) {
	for _, j := range s.started {
		if j.stage == running {
			return time.Since(j.began), true
		}
	}
	return 0, false
}
