package workload

import (
	"fmt"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

// What crunch does.
const (
	CrunchTasks = 8
	CrunchWork  = 50 * time.Millisecond // CPU time
)

// CrunchTable is the table of crunch without its rows.
func CrunchTable(cores int) result.Table {
	return result.Table{
		Name:   "crunch",
		Title:  fmt.Sprintf("%d tasks of %v CPU time; ideal: all cores busy", CrunchTasks, CrunchWork),
		Rule:   "at least two thirds of the ideal",
		Limit:  CrunchIdeal(cores) * 3 / 2,
		BarOf:  result.Wall,
		Steps:  "workers",
		StepOf: result.SpeedUp,
	}
}

// CrunchIdeal is the wall time when all of so many cores are busy.
func CrunchIdeal(cores int) time.Duration {
	return CrunchTasks * CrunchWork / time.Duration(min(CrunchTasks, cores))
}

// crunch shows who uses more than one core, with more and more workers. The rows' figures are those
// of the last step.
func crunch(p Plan) Outcome {
	out := Outcome{Table: CrunchTable(p.Cores), Figures: verdict.Figures{}}
	levels := make([][]result.Level, len(p.Models))
	for _, workers := range p.Workers {
		tasks := load.Burst(CrunchTasks, load.Ask{Heavy: true, Compute: CrunchWork})
		samples := p.alternate(fmt.Sprintf("crunch, workers: %d", workers), workers, tasks, nil)
		if p.Ctx.Err() != nil && len(out.Table.Rows) > 0 {
			break
		}
		out.Table.Rows = nil
		for i, m := range p.Models {
			s := samples[i]
			if len(s.Rounds) == 0 {
				continue
			}
			row := p.newRow(m, workers, s, s.Wall, CrunchIdeal(p.Cores))
			l := level(workers, s)
			l.N = CrunchTasks
			levels[i] = append(levels[i], l)
			row.Levels = levels[i]
			above(&row, workWasFaster)
			JudgeCrunch(&row, p.Cores)
			out.Table.Rows = append(out.Table.Rows, row)
			note(out.Figures, "crunch", m, s)
			note(out.Figures, fmt.Sprintf("crunch %d", workers), m, s)
		}
	}
	if p.Ctx.Err() == nil {
		beside(&p, &out)
		sharing(&p, &out)
	}
	p.tell(&out)
	return out
}

// JudgeCrunch says, from a row's figures, how it breaks the rule.
func JudgeCrunch(r *result.Row, cores int) {
	if reached := share(r.Ideal, r.Wall); reached < 200.0/3 {
		breaks(r, fmt.Sprintf("%.0f %%", reached), fmt.Sprintf("%.2f of %d cores were busy", r.Cores, cores))
	}
}
