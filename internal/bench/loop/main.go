// Loop compares the event loop with its peers: goja_nodejs and the runtime's own timers in this process, Node and asyncio
// as small scripts that do the same work, where they are installed. All contenders run in turn within each round; the
// table has medians, and the ratio of our time to theirs.
//
//	cd internal/bench && go run ./loop [-rounds 5] [-only regexp]
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"text/tabwriter"
)

func main() {
	rounds := flag.Int("rounds", 5, "rounds; the table shows medians")
	only := flag.String("only", "", "cases whose name matches")
	serve := flag.String("serve", "", "be an echo server of this kind: loop or net")
	flag.Parse()
	if *serve != "" {
		serveEcho(*serve)
		return
	}
	fmt.Printf("%s %s/%s, GOMAXPROCS %d, medians of %d rounds\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), *rounds)
	for _, what := range []string{"node", "python3"} {
		fmt.Println(version(what))
	}
	filter := regexp.MustCompile(*only)
	for _, c := range cases {
		if filter.MatchString(c.name) {
			c.run(*rounds)
		}
	}
}

// benchCase is one line of work. Its first contender is ours.
type benchCase struct {
	name       string
	unit       string // of what a contender returns: ns per operation, or bytes
	contenders []contender
}

type contender struct {
	name  string
	goal  float64 // for the ratio of ours to theirs; 0: none
	floor float64
	do    func() (perOp float64, err error)
}

func (c benchCase) run(rounds int) {
	figures := make([][]float64, len(c.contenders))
	missing := make([]error, len(c.contenders))
	for round := range rounds + 1 {
		for i, x := range c.contenders {
			if missing[i] != nil {
				continue
			}
			runtime.GC()
			v, err := x.do()
			if missing[i] = err; round > 0 && err == nil { // the first one warms up
				figures[i] = append(figures[i], v)
			}
		}
	}
	fmt.Printf("\n%s (%s)\n", c.name, c.unit)
	tw := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "contender\tmedian\tmin\tmax\tours/theirs\tgoal\tfloor\t")
	for i, x := range c.contenders {
		if missing[i] != nil {
			fmt.Fprintf(tw, "%s\tskipped: %v\t\t\t\t\t\t\n", x.name, missing[i])
			continue
		}
		slices.Sort(figures[i])
		ratio, verdict := median(figures[0])/median(figures[i]), ""
		if x.floor > 0 && ratio > x.floor {
			verdict = " MISSED"
		}
		fmt.Fprintf(tw, "%s\t%.1f\t%.1f\t%.1f\t%.3f\t%s\t%s%s\t\n", x.name, median(figures[i]), figures[i][0], figures[i][len(figures[i])-1],
			ratio, bound(x.goal), bound(x.floor), verdict)
	}
	_ = tw.Flush()
}

func median(sorted []float64) float64 { return sorted[len(sorted)/2] }

func bound(v float64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprint(v)
}
