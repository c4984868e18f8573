// Compare runs the same work on several concurrency models and prints what each costs.
//
//	go run ./examples/compare
//
// mixed: a ping every 5 ms, while requests of 100 ms CPU time follow one another. wait: 1 to 1000 waits of 10 ms at once. crunch: 8 equal tasks of CPU time.
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

	"github.com/quartet-go/quartet/procpool"
)

// plan says how long the comparison takes.
type plan struct {
	models   []model
	heavy    job // the CPU request of mixed
	crunch   job // one of crunch's tasks
	rounds   int
	mixed    time.Duration // one row of mixed
	inFlight []int         // the steps of wait
}

func standard(spin spinner) plan {
	return plan{
		models: models,
		heavy:  job{Turns: spin.turns(heavyWork)}, crunch: job{Turns: spin.turns(crunchWork)},
		rounds: 3, mixed: 300 * time.Millisecond, inFlight: []int{1, 10, 100, 1000},
	}
}

func main() {
	procpool.Init() // a process of a row runs this program
	spin := calibrate()
	fmt.Printf("%d turns of the generator take 1 ms of CPU time\n", spin.perMillisecond)
	compare(os.Stdout, standard(spin))
}

func compare(w io.Writer, p plan) {
	fmt.Fprintf(w, "%s, %s/%s, %d cores; medians of %d rounds\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), p.rounds)
	mixed(p).write(w)
	for _, t := range wait(p) {
		t.write(w)
	}
	crunch(p).write(w)
}
