package workerpool

// Idle returns the number of parked workers.
func Idle(p *Pool) int {
	p.in.Lock()
	defer p.in.Unlock()
	return len(p.idle)
}

// HasTimer reports whether the pool's timer runs.
func HasTimer(p *Pool) bool {
	p.in.Lock()
	defer p.in.Unlock()
	return p.reaping
}
