package child

import (
	"math"
	"runtime/debug"
	"sync"
)

// ballast delays the garbage collections of a worker that gets large inputs. Each input is garbage
// when its task has ended, and a small heap is collected at 4 MiB: with inputs of 1 MiB every third
// task would pay for a collection, which costs more than all copies of its input. The ballast is
// counted as heap but never touched, so it takes no memory itself; the garbage may grow by its
// size. Raising the percentage of debug.SetGCPercent would let large heaps grow too.
//
// It only grows, and stays for the life of the worker.
type ballast struct {
	// mu guards block.
	mu    sync.Mutex
	block []byte
}

const (
	// The second one bounds the garbage that the ballast lets stay in each worker of a pool.
	inputsPerCollection = 16
	mostBallast         = 16 << 20
)

// carries has the ballast fit inputs of that size. Where the program has a limit of its own for its
// memory there is none, since the collector would count it there. It is called for each input in
// shared memory, on the task's goroutine, and rarely does more than compare two numbers.
func (b *ballast) carries(size int64) {
	want := min(size*inputsPerCollection, mostBallast)
	b.mu.Lock()
	defer b.mu.Unlock()
	if int64(len(b.block)) < want && debug.SetMemoryLimit(-1) == math.MaxInt64 {
		b.block = make([]byte, want)
	}
}
