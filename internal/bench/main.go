// Bench compares the pool with its peers: all contenders in turn within each round, medians of the rounds, and the ratio
// of our time to theirs. It is a module of its own, so that nobody who imports quartet gets the peers.
//
//	cd internal/bench && go run . [-rounds 5] [-only regexp] [-full]
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 5, "rounds; the table shows medians")
	only := flag.String("only", "", "cases whose name matches")
	full := flag.Bool("full", false, "also the cases that take minutes")
	flag.Parse()
	fmt.Printf("%s %s/%s, GOMAXPROCS %d, medians of %d rounds\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), *rounds)
	filter := regexp.MustCompile(*only)
	for _, c := range cases {
		if filter.MatchString(c.name) && (*full || !c.long) {
			c.run(*rounds).write(os.Stdout)
		}
	}
}

// benchCase is one line of work that every contender does n times.
type benchCase struct {
	name string
	n    int
	long bool

	contenders []contender
}

type contender struct {
	name string
	do   func(n int) time.Duration
}

// result holds times per operation, by contender and round; the first contender is ours.
type result struct {
	benchCase
	times [][]time.Duration
}

func (c benchCase) run(rounds int) result {
	r := result{benchCase: c, times: make([][]time.Duration, len(c.contenders))}
	for round := range rounds + 1 {
		for i, x := range c.contenders {
			runtime.GC()
			took := x.do(c.n)
			if round > 0 { // the first one warms up
				r.times[i] = append(r.times[i], took)
			}
		}
	}
	for _, ts := range r.times {
		slices.Sort(ts)
	}
	return r
}
