package main

import (
	"fmt"
	"time"
)

const (
	crunchTasks = 8
	crunchWork  = 50 * time.Millisecond // CPU time
)

// crunch shows who uses more than one core.
func crunch(p plan) table {
	samples := alternate(p, func(m model) sample {
		return measure(m, cores(), func(r *run) {
			begin := time.Now()
			for range crunchTasks {
				r.send(begin, true, true, p.crunch, nil)
			}
		})
	})
	ideal := crunchTasks * crunchWork / time.Duration(min(crunchTasks, cores()))
	t := table{
		name:  "crunch",
		title: fmt.Sprintf("crunch: %d tasks of %v CPU time; ideal: all cores busy; rule: at least two thirds of it", crunchTasks, crunchWork),
		bar:   func(r row) time.Duration { return r.wall },
		barOf: "wall",
	}
	for i, m := range p.models {
		s := samples[i]
		row := row{model: m, sample: s, wall: s.wall, ideal: ideal}
		if share(ideal, s.wall) < 200.0/3 {
			row.broken = fmt.Sprintf("%.0f %%: %.2f of %d cores were busy", share(ideal, s.wall), cpuShare(s), cores())
		}
		t.rows = append(t.rows, row)
	}
	return t
}
