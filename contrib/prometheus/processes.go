package prometheus

import (
	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

var (
	workers      = describe("workers", "Worker processes, by state: booting, idle, running, retiring.", "state")
	workerMemory = describe("worker_memory_bytes",
		"Resident memory of all worker processes, with what they have started.")
	workerRestarts = describe("worker_restarts_total", "Worker processes replaced, by cause.", "cause")
)

// processes sends the numbers of worker processes without their PIDs, which would make a new series
// for each.
func (e emitter) processes(ex quartet.Executor) {
	pool, ok := quartet.As[interface {
		Workers() []procpool.Worker
		Restarts() map[string]uint64
	}](ex)
	if !ok {
		return
	}
	// With a zero for each state, so that a series does not end when no worker is in it.
	states := map[procpool.WorkerState]int{
		procpool.Booting: 0, procpool.Idle: 0, procpool.Running: 0,
		procpool.Retiring: 0,
	}
	memory := int64(0)
	for _, w := range pool.Workers() {
		states[w.State]++
		memory += w.Memory
	}
	for state, n := range states {
		e.gauge(workers, float64(n), state.String())
	}
	e.gauge(workerMemory, float64(memory))
	for cause, n := range pool.Restarts() {
		e.count(workerRestarts, n, cause)
	}
}
