package procpool

import "time"

const (
	// watchEvery is how often the watch looks at a running task behind which something waits.
	watchEvery = 200 * time.Microsecond
	// longTask is after what time what waits behind a task is given back to the pool.
	longTask = 2 * time.Millisecond
)

// watch has the running task watched, since something waits behind it.
func (s *server) watch() {
	if s.watching.CompareAndSwap(false, true) {
		s.watched <- struct{}{}
	}
}

// watchLoop looks after what waits behind a running task: finished results are written, and tasks go back to the pool,
// where another worker may be idle. It rests while nothing waits.
func (s *server) watchLoop() {
	for range s.watched {
		for again := true; again; {
			time.Sleep(watchEvery)
			s.watching.Store(false) // from here on a new watch sends
			again = s.look() && s.watching.CompareAndSwap(false, true)
		}
	}
}

// look reports whether to look again.
func (s *server) look() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil && time.Since(s.running.began) > longTask {
		for _, j := range s.local {
			s.giveBack(j)
		}
		s.local = nil
	}
	_, unwritten := s.out.waiting()
	if unwritten {
		s.out.flush()
	}
	return len(s.local) > 0
}
