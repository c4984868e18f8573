package workload

import (
	"fmt"
	"strings"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

// What mixed does.
const (
	PingEvery  = 5 * time.Millisecond
	HeavyWork  = 100 * time.Millisecond // CPU time
	pingWithin = 10 * time.Millisecond  // the workload's rule, at p99
)

// Labels of requests in events.
const (
	Ping  = "ping"
	Heavy = "CPU request"
)

// MixedTable is the table of mixed without its rows.
func MixedTable() result.Table {
	return result.Table{
		Name:  "mixed",
		Title: fmt.Sprintf("a ping every %v while CPU requests of %v follow one another; latency of the pings, wall per CPU request", PingEvery, HeavyWork),
		Rule:  fmt.Sprintf("p99 below %v", pingWithin),
		Limit: pingWithin,
		BarOf: result.P99,
	}
}

// mixed is the headline: the latency of short requests while long computations run.
func mixed(p Plan) Outcome {
	out := Outcome{Table: MixedTable(), Figures: verdict.Figures{}}
	samples := p.alternate("mixed", p.Cores, p.pingsBesideWork(), nil)
	for i, m := range p.Models {
		if s := samples[i]; len(s.Rounds) > 0 {
			out.Table.Rows = append(out.Table.Rows, p.mixedRow(m, s))
			note(out.Figures, "mixed", m, s)
		}
	}
	p.tell(&out)
	if p.Probes && p.Ctx.Err() == nil {
		chunking(&p, &out)
	}
	return out
}

func (p *Plan) mixedRow(m load.Model, s load.Sample) result.Row {
	perHeavy := s.Wall * time.Duration(len(s.Rounds)) / time.Duration(max(s.Heavy, 1))
	row := p.newRow(m, p.Cores, s, perHeavy, HeavyWork)
	above(&row, workWasFaster)
	JudgeMixed(&row, p.Cores)
	return row
}

// JudgeMixed says, from a row's figures, how it breaks the rule.
func JudgeMixed(r *result.Row, cores int) {
	if r.P99 <= pingWithin {
		return
	}
	// Processes compute one CPU request at a time too: the next one follows its answer.
	computing := max(r.Running, 1)
	why := fmt.Sprintf("at most %d of %d cores computed, so pings waited for something else", computing, cores)
	if computing >= int64(cores) {
		why = "pings waited for a core while requests computed"
	}
	switch {
	case r.Model == "loop+processes":
	case r.Started == result.Unknown:
		why = "pings and CPU requests share the processes"
	case r.Started == 1:
		why = "only one request is served at a time, so pings wait for the CPU request"
	case r.Model == "loops(k)":
		why = "each loop serves one request at a time; a ping that is handed to the busy loop waits for its CPU request"
	case r.Model == "gil per interpreter":
		why = "a ping in the CPU request's interpreter waits for that interpreter's lock"
	case strings.Contains(r.Model, "gil"):
		why = fmt.Sprintf("the CPU request has the lock; every second ping waits %s or more for it", short(r.P50))
	}
	breaks(r, "p99 "+short(r.P99), why)
}

// pingsBesideWork is the scenario of mixed.
func (p *Plan) pingsBesideWork() load.Scenario {
	sc := load.Scenario{Chain: load.Ask{Label: Heavy, Heavy: true, Compute: HeavyWork}, For: p.Mixed}
	for at := time.Duration(0); at < p.Mixed; at += PingEvery {
		sc.Requests = append(sc.Requests, load.Timed{Ask: load.Ask{Label: Ping}, At: at, Counts: true})
	}
	return sc
}
