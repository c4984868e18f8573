// Compare runs the same work on several concurrency models and prints what each costs.
//
//	go run ./examples/compare
//
// mixed: a ping every 5 ms, while requests of 100 ms CPU time follow one another. wait: 1 to 1000 waits of 10 ms at once.
// Load is open-loop: a request is due at its time, whether or not the one before has been answered, and its latency
// counts from when it was due. The models alternate within each round; figures are medians of the rounds, percentiles
// are over all of them.
package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
)

// plan says how long the comparison takes.
type plan struct {
	rounds   int
	mixed    time.Duration // one row of mixed
	inFlight []int         // the steps of wait
}

var standard = plan{rounds: 3, mixed: 450 * time.Millisecond, inFlight: []int{1, 10, 100, 1000}}

func main() { compare(os.Stdout, standard, calibrate().spin) }

func compare(w io.Writer, p plan, compute func(time.Duration)) {
	fmt.Fprintf(w, "%s, %s/%s, %d cores; medians of %d rounds\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), p.rounds)
	mixed(p, compute).write(w)
	for _, t := range wait(p) {
		t.write(w)
	}
}
