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

// curve is a model with more and more threads.
type curve struct {
	model
	figures []figure
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
		a.curves = append(a.curves, c)
	}
	return a, nil
}

// percents are how good the machines' constants are.
var percents = []int{70, 100, 130}

func (q *question) simulate(m model, threads int) (figure, error) {
	f := figure{threads: threads, bound: q.bound(m, threads)}
	var rates, p99s []float64
	for seed := range uint64(q.seeds) {
		for _, percent := range percents {
			cfg := gil.Config{Policy: m.policy, Cores: q.cores, Seed: seed, Machine: gil.LinuxVM.Scaled(percent)}
			r, err := gil.Workload{Loads: []gil.Load{q.load(m, threads)}, For: q.length(f.bound)}.Simulate(cfg)
			if err != nil {
				return f, fmt.Errorf("%s, %d threads: %w", m.name, threads, err)
			}
			rates = append(rates, r.PerSecond())
			p99s = append(p99s, float64(r.Loads[0].P99)/1e6)
		}
	}
	f.perSecond, f.p99 = bandOf(rates), bandOf(p99s)
	return f, nil
}

// length is how long a run is: enough for two thousand requests, and for a hundred intervals.
func (q *question) length(bound float64) time.Duration {
	if q.span > 0 {
		return q.span
	}
	return max(time.Duration(2000/bound*1e9), 100*q.interval, 20*(q.cpu+q.wait))
}

func bandOf(xs []float64) band {
	slices.Sort(xs)
	return band{median: xs[len(xs)/2], least: xs[0], most: xs[len(xs)-1]}
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
	p.printf("A request computes for %v, %v of it under the lock, and waits for %v (%s); %d cores, switch interval %v.\n\n",
		a.cpu, locked, a.wait, a.spread, a.cores, a.interval)
	p.printf("with %d threads      requests/s  (least–most)   of the best   99 of 100 within   knee at\n", a.threads)
	for _, c := range a.curves {
		f := c.at(a.threads)
		p.printf("%-18s %11.0f  %-14s %10.0f%%   %14.1f ms   %s\n", c.name, f.perSecond.median,
			fmt.Sprintf("(%.0f–%.0f)", f.perSecond.least, f.perSecond.most), 100*f.perSecond.median/f.bound, f.p99.median, kneeWords(c.knee))
	}
	p.printf("\n%s\n", a.verdict())
	p.printf("\n%s", a.chart(60, 16))
	return p.err
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
