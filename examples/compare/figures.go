package main

import (
	"slices"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

// figuresOf names what the tables measured, in seconds: workload/model/figure.
func figuresOf(tables []table) verdict.Figures {
	fs := verdict.Figures{}
	for _, t := range tables {
		for _, r := range t.rows {
			name := t.name + "/" + r.model.name + "/"
			fs[name+"wall"] = figure(r.sample.rounds, func(s sample) time.Duration { return s.wall })
			fs[name+"p50"] = figure(r.sample.rounds, func(s sample) time.Duration { return percentile(s.latencies, 50) })
			fs[name+"p99"] = figure(r.sample.rounds, func(s sample) time.Duration { return percentile(s.latencies, 99) })
		}
	}
	return fs
}

// figure is the median of the rounds and their extremes.
func figure(rounds []sample, of func(sample) time.Duration) verdict.Figure {
	if len(rounds) == 0 {
		return verdict.Figure{}
	}
	ds := make([]time.Duration, len(rounds))
	for i, s := range rounds {
		ds[i] = of(s)
	}
	slices.Sort(ds)
	return verdict.Figure{Value: ds[len(ds)/2].Seconds(), Low: ds[0].Seconds(), High: ds[len(ds)-1].Seconds()}
}

func judge(tables []table) []verdict.Verdict {
	fs := figuresOf(tables)
	vs := make([]verdict.Verdict, len(verdict.Claims))
	for i, c := range verdict.Claims {
		vs[i] = c.Judge(fs, cores())
	}
	return vs
}
