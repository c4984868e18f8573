package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/quartet-go/quartet/gil"
)

// band is what runs with several seeds and machines gave: the median, from the least to the most.
type band struct{ median, least, most float64 }

// figure is a model with so many threads.
type figure struct {
	threads   int
	perSecond band
	p99       band // of the time of a request, in milliseconds
	bound     float64
}

// served is how the service handles the offered requests with the given number of threads.
type served struct {
	perSecond band
	p99       band // of the time from arrival to end, in milliseconds
	behind    bool // with some seed or machine, requests arrive faster than they are answered
}

// curve is a model with more and more threads.
type curve struct {
	model
	figures []figure
	served  served
	knee    float64 // where more threads do not get more done, by the closed form
}

// answer is all models.
type answer struct {
	question
	curves []curve
}

func (q *question) answer() (*answer, error) {
	a := &answer{question: *q}
	for _, m := range q.models() {
		c := curve{model: m, knee: q.form(m, 1).Knee(m.locks, q.cores)}
		for _, threads := range q.steps() {
			f, err := q.simulate(m, threads)
			if err != nil {
				return nil, err
			}
			c.figures = append(c.figures, f)
		}
		if q.rate > 0 {
			var err error
			if c.served, err = q.serve(m); err != nil {
				return nil, err
			}
		}
		a.curves = append(a.curves, c)
	}
	return a, nil
}

// percents are how good the machines' constants are.
var percents = []int{70, 100, 130}

// By which factors real programs were off at most, of those that measured_test.go holds the bands
// against: bands are wider by that.
const (
	rateLess, rateMore = 1.4, 1.35
	p99Less, p99More   = 1.6, 2.4
)

// runs simulates a load for some seeds and machines, and returns its rates and 99 % quantiles, in
// milliseconds.
func (q *question) runs(m model, l gil.Load, span time.Duration, each func(gil.LoadFigures)) (rates, p99s []float64,
	err error,
) {
	for seed := range uint64(q.seeds) {
		for _, percent := range percents {
			cfg := gil.Config{Policy: m.policy, Cores: q.cores, Seed: seed, Machine: q.constants.Scaled(percent)}
			r, err := gil.Workload{Loads: q.loads(l), For: span}.Simulate(cfg)
			if err != nil {
				return nil, nil, fmt.Errorf("%s, %d threads: %w", m.name, l.Threads, err)
			}
			rates = append(rates, r.Loads[0].PerSecond)
			p99s = append(p99s, float64(r.Loads[0].P99)/1e6)
			each(r.Loads[0])
		}
	}
	return rates, p99s, nil
}

func (q *question) simulate(m model, threads int) (figure, error) {
	f := figure{threads: threads, bound: q.bound(m, threads)}
	rates, p99s, err := q.runs(m, q.load(m, threads), q.length(f.bound), func(gil.LoadFigures) {})
	if err != nil {
		return f, err
	}
	f.perSecond, f.p99 = bandOf(rates, rateLess, rateMore), bandOf(p99s, p99Less, p99More)
	return f, nil
}

// serve has the requests arrive that the question says.
func (q *question) serve(m model) (s served, err error) {
	rates, p99s, err := q.runs(m, q.offered(m), q.length(float64(q.rate)), func(l gil.LoadFigures) {
		s.behind = s.behind || l.PerSecond < .97*l.Offered && l.Backlog > 2*q.threads
	})
	if err != nil {
		return s, err
	}
	s.perSecond, s.p99 = bandOf(rates, 1, 1), bandOf(p99s, p99Less, p99More)
	return s, nil
}

// length is how long a run is: enough for two thousand requests, and for a hundred intervals.
func (q *question) length(bound float64) time.Duration {
	if q.span > 0 {
		return q.span
	}
	return max(time.Duration(2000/bound*1e9), 100*q.interval, 20*(q.cpu+q.wait))
}

// bandOf is the band of the runs, widened by the factors by which real programs were below and
// above.
func bandOf(xs []float64, less, more float64) band {
	slices.Sort(xs)
	return band{median: xs[len(xs)/2], least: xs[0] / less, most: xs[len(xs)-1] * more}
}

// at is the figure of so many threads.
func (c *curve) at(threads int) figure {
	i, _ := slices.BinarySearchFunc(c.figures, threads, func(f figure, n int) int { return cmp.Compare(f.threads, n) })
	return c.figures[i]
}

// write answers in words, a table and a chart.
func (a *answer) write(w io.Writer) error {
	locked := a.cpu * time.Duration(a.locked) / 100
	p := &printer{w: w}
	p.printf("A request computes for %v, %v of it under the lock, and waits %s (%s); %d cores, switch interval %v,\n%d other threads that compute; machine: %s.\n\n",
		a.cpu, locked, a.parts(), a.spread, a.cores, a.interval, a.others, a.machine)
	if a.rate > 0 {
		p.printf("%d requests a second arrive, %d threads take them; wanted: 99 of 100 within %v\n", a.rate, a.threads,
			a.p99)
		p.printf("                     answered/s   99 of 100 within          as wanted?\n")
		for _, c := range a.curves {
			p.printf("%-18s %12.0f   %-23s   %s\n", c.name, c.served.perSecond.median, milliseconds(c.served.p99),
				a.wanted(c.served))
		}
		p.printf("\n")
	}
	p.printf("the most %d threads do  requests/s  (least–most)   of the best   knee at\n", a.threads)
	for _, c := range a.curves {
		f := c.at(a.threads)
		p.printf("%-18s %15.0f  %-14s %10.0f%%   %s\n", c.name, f.perSecond.median,
			fmt.Sprintf("(%.0f–%.0f)", f.perSecond.least, f.perSecond.most), 100*f.perSecond.median/f.bound,
			kneeWords(c.knee))
	}
	p.printf("\n%s\n", a.verdict())
	for _, doubt := range a.doubts() {
		p.printf("%s\n", doubt)
	}
	p.printf("\n%s", a.chart(60, 16))
	return p.err
}

// parts is how a request waits.
func (a *answer) parts() string {
	if a.waits == 1 {
		return fmt.Sprintf("for %v at once", a.wait)
	}
	return fmt.Sprintf("%d times, for %v in all", a.waits, a.wait)
}

func milliseconds(b band) string {
	return fmt.Sprintf("%.3g ms (%.3g–%.3g)", b.median, b.least, b.most)
}

// wanted says whether the requests are answered in the time that was wanted: only where the whole
// band says so.
func (a *answer) wanted(s served) string {
	limit := a.p99.Seconds() * 1e3
	switch {
	case s.behind:
		return "no: it falls behind"
	case s.p99.most <= limit:
		return "yes"
	case s.p99.least > limit:
		return "no"
	}
	return "not known: the band holds both answers"
}

// doubts are what the simulator was not measured at, or was measured to be wrong about.
func (a *answer) doubts() (doubts []string) {
	if a.others > 1 {
		doubts = append(doubts,
			"Beside two and more threads that compute, waits for the lock were up to 1.8 times as long, or as short, as predicted:\nthese bands may be too narrow.")
	}
	if a.cores > 2 {
		doubts = append(doubts,
			fmt.Sprintf("It was measured on 2 cores: that it is as right about %d is not known.", a.cores))
	}
	return doubts
}

func kneeWords(knee float64) string { return fmt.Sprintf("%.1f threads", knee) }

// verdict says where the threads asked for lie, and how much more the other models do with them.
func (a *answer) verdict() string {
	one := a.curves[0]
	text := fmt.Sprintf("%d threads are below the knee of one lock", a.threads)
	if float64(a.threads) > one.knee {
		text = fmt.Sprintf("%d threads are beyond the knee of %s", a.threads, a.limit())
	}
	var others []string
	worth := false
	for _, c := range a.curves[1:] {
		more := c.at(a.threads).perSecond.median / one.at(a.threads).perSecond.median
		worth = worth || more >= 1.05
		others = append(others, fmt.Sprintf("%s %.1f", c.name, more))
	}
	if !worth {
		return text + ", and no other model does more by much."
	}
	return fmt.Sprintf("%s. Times as much: %s.", text, strings.Join(others, ", "))
}

// limit is what one lock's knee comes from.
func (a *answer) limit() string {
	if a.locked*a.cores < 100 {
		return fmt.Sprintf("%d cores, and not of the lock", a.cores)
	}
	return "one lock"
}

// printer keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}
