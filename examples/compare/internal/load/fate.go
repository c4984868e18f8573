package load

import (
	"context"
	"os"

	"github.com/quartet-go/quartet/gil"
)

// Fate is a way in which code that one does not trust ends.
type Fate string

// The fates. The zero Fate is a good end.
const (
	Panic  Fate = "panic"
	Exit   Fate = "exit"   // the whole program, as a segmentation fault in a C library ends it
	Hang   Fate = "hang"   // computes for ever
	Memory Fate = "memory" // takes memory until it is killed
)

// befall never returns, but from a good end.
func (f Fate) befall(ctx context.Context) error {
	switch f {
	case Panic:
		panic("compare: a task that panics")
	case Exit:
		os.Exit(3)
	case Hang:
		for {
			compute(slice)
			gil.Checkpoint(ctx)
		}
	case Memory:
		for leak := [][]byte{}; ; leak = append(leak, make([]byte, 1<<20)) {
			for page := range 256 {
				for _, piece := range leak[max(0, len(leak)-1):] {
					piece[page<<12] = 1 // a page that nobody writes to costs nothing
				}
			}
		}
	}
	return nil
}
