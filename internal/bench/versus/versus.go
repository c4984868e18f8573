// Package versus runs contenders against each other: all in turn within each round, so that a noisy
// machine is as noisy to each, and prints medians with their spread, and the ratio of our figure to
// each of theirs.
package versus

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"
)

// ErrMissing is what a contender returns that is not installed here.
var ErrMissing = errors.New("not installed")

// Case is one line of work. Its first contender is ours.
type Case struct {
	Name       string
	Unit       string // of the figures; "": ns
	Long       bool   // only when asked for
	Contenders []Contender
}

// Contender does the work and returns its figure per operation.
type Contender struct {
	Name  string
	Goal  float64 // what our figure should be of this one's; 0: no such figure
	Floor float64 // what it must be; 0: none
	Do    func() (perOp float64, err error)
}

// Timed is the Do of a contender that takes a time for n operations.
func Timed(n int, do func(n int) time.Duration) func() (float64, error) {
	return func() (float64, error) { return float64(do(n)) / float64(n), nil }
}

// Flags are what every comparison can be told.
type Flags struct {
	rounds *int
	only   *string
	full   *bool
	live   *int
}

// NewFlags declares the flags; flag.Parse is the caller's.
func NewFlags() Flags {
	return Flags{
		rounds: flag.Int("rounds", 5, "rounds; the table shows medians"),
		only:   flag.String("only", "", "cases whose name matches"),
		full:   flag.Bool("full", false, "also the cases that take minutes"),
		live:   flag.Int("live", 0, "MiB of live heap beside, as a service has: collections are rarer then"),
	}
}

// Run runs the cases that the flags select.
func (f Flags) Run(cases []Case) {
	live := make([]byte, *f.live<<20)
	defer runtime.KeepAlive(live)
	fmt.Printf("%s %s/%s, GOMAXPROCS %d, medians of %d rounds, %d MiB of live heap beside\n", runtime.Version(),
		runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), *f.rounds, *f.live)
	filter := regexp.MustCompile(*f.only)
	for _, c := range cases {
		if filter.MatchString(c.Name) && (*f.full || !c.Long) {
			c.run(*f.rounds).write(os.Stdout)
		}
	}
}

// result holds the sorted figures, and what failed, by contender.
type result struct {
	Case
	figures [][]float64
	failed  []error
}

func (c Case) run(rounds int) result {
	r := result{c, make([][]float64, len(c.Contenders)), make([]error, len(c.Contenders))}
	for round := range rounds + 1 {
		for i, x := range c.Contenders {
			if r.failed[i] != nil {
				continue
			}
			runtime.GC()
			v, err := x.Do()
			if r.failed[i] = err; err == nil && round > 0 { // the first one warms up
				r.figures[i] = append(r.figures[i], v)
			}
		}
	}
	for _, vs := range r.figures {
		slices.Sort(vs)
	}
	return r
}

func (r result) write(w io.Writer) {
	unit := r.Unit
	if unit == "" {
		unit = "ns"
	}
	fmt.Fprintf(w, "\n%s (%s per operation)\n", r.Name, unit)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "contender\tmedian\tmin\tmax\tours/theirs\tgoal\tfloor\t\t")
	for i, x := range r.Contenders {
		vs := r.figures[i]
		if r.failed[i] != nil {
			fmt.Fprintf(tw, "%s\t%v\t\t\t\t\t\t\t\n", x.Name, r.failed[i])
			continue
		}
		ratio, verdict := "", ""
		if i > 0 && r.failed[0] == nil {
			of := median(r.figures[0]) / median(vs)
			ratio, verdict = fmt.Sprintf("%.3g", of), x.verdict(of)
		}
		fmt.Fprintf(tw, "%s\t%.1f\t%.1f\t%.1f\t%s\t%s\t%s\t%s\t\n", x.Name, median(vs), vs[0], vs[len(vs)-1], ratio,
			bound(x.Goal), bound(x.Floor), verdict)
	}
	_ = tw.Flush()
}

// verdict says how a ratio stands to the goal and the floor.
func (x Contender) verdict(ratio float64) string {
	switch {
	case x.Floor > 0 && ratio > x.Floor:
		return "BROKEN"
	case x.Goal > 0 && ratio > x.Goal:
		return "short of the goal"
	case x.Goal > 0:
		return "reached"
	}
	return ""
}

func median(sorted []float64) float64 {
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

func bound(v float64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprint(v)
}
