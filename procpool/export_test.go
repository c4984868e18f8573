package procpool

import (
	"os"
)

// PIDs returns the processes of the workers that are ready.
func (p *Pool) PIDs() []int {
	p.in.Lock()
	defer p.in.Commit()
	var pids []int
	for _, w := range p.liveLocked() {
		if w.upLocked() {
			pids = append(pids, w.proc.Pid)
		}
	}
	return pids
}

// Kill signals the i-th of the ready workers' processes; false: there is none.
func (p *Pool) Kill(i int, signal os.Signal) bool {
	p.in.Lock()
	defer p.in.Commit()
	for _, w := range p.liveLocked() {
		if !w.upLocked() {
			continue
		}
		if i--; i < 0 {
			w.mu.Lock()
			defer w.mu.Unlock()
			return !w.reaped && w.proc.Signal(signal) == nil
		}
	}
	return false
}

// Deaths is what the rate limit of starts has counted.
func (p *Pool) Deaths() float64 {
	p.in.Lock()
	defer p.in.Commit()
	return p.boot.deaths
}
