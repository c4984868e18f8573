package main

import (
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// peakOf measures the most memory that Go has in use while n sleeps run on p, beyond what it had
// before, per sleep.
func peakOf(p submitter, n int) func() (float64, error) {
	return func() (float64, error) {
		debug.FreeOSMemory()
		before, peak := inUse(), uint64(0)
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for {
				peak = max(peak, inUse())
				select {
				case <-tick.C:
				case <-stop:
					return
				}
			}
		}()
		sleep(p, n)
		close(stop)
		<-stopped
		return float64(peak-before) / float64(n), nil
	}
}

// inUse is what Go has from the system and has not given back.
func inUse() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}
