package workload

import (
	"context"
	"runtime"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// crowd is how many workers of a model in this process are counted to know the memory of one.
const crowd = 500

// startRounds are the starts of which the median is taken.
const startRounds = 9

// worker measures a model's start, from nothing to its first answer, and what memory one worker
// takes: a process all that it has, another one what it takes to have a request wait.
func (p *Plan) worker(m load.Model) *result.Worker {
	var starts []time.Duration
	var memory int64
	for range startRounds {
		begin := time.Now()
		server := m.Open(load.Setup{Workers: 1, Queue: 1})
		memory, _ = load.Resident.Do(context.Background(), server.Executor, struct{}{})
		starts = append(starts, time.Since(begin))
		server.Shut()
	}
	if !m.Apart {
		memory = waiting(m)
	}
	return &result.Worker{Start: result.Median(starts), Memory: memory}
}

// waiting is how much memory a request takes that waits, and with it the worker that it keeps, if
// it keeps one.
func waiting(m load.Model) int64 {
	if m.Few {
		return 0 // one request is all that it has
	}
	server := m.Open(load.Setup{Workers: crowd})
	defer server.Shut()
	before := used()
	answers := make(chan error, crowd)
	for range crowd {
		server.Serve(context.Background(), load.Request{Job: load.Job{Wait: 100 * time.Millisecond}}, func(err error) {
			answers <- err
		})
	}
	time.Sleep(50 * time.Millisecond) // in the middle of it
	during := used()
	for range crowd {
		<-answers
	}
	return max(0, during-before) / crowd
}

// used is what memory this program uses for values and stacks.
func used() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
