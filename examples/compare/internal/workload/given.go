package workload

import (
	"fmt"
	"strings"

	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/model"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

// look measures how many cores busy goroutines get between the rounds of a workload: what others
// use of the machine is not there for any model.
func (p *Plan) look(round int) {
	if !p.Probes || !load.CPUTimeKnown || p.Ctx.Err() != nil {
		return
	}
	busy := load.Burst(p.Cores, load.Ask{Heavy: true, Compute: CrunchWork})
	p.given = append(p.given,
		p.Measure(model.Named("goroutines"), load.Setup{Workers: p.Cores, Round: round}, busy).Cores())
}

// tell notes what look has seen, and says it where it explains the figures.
func (p *Plan) tell(out *Outcome) {
	if len(p.given) == 0 || len(out.Table.Rows) == 0 {
		return
	}
	out.Figures[verdict.Given(out.Table.Name)] = p.given
	if cores := p.given.Median(); cores < verdict.Enough(p.Cores) {
		for i := range out.Table.Rows {
			row := &out.Table.Rows[i]
			row.Noisy = true
			switch {
			case strings.Contains(row.Broken, ": "):
				row.Broken += ", or other programs had the cores"
			case row.Broken != "": // of a real row, into which nobody looks
				row.Broken += ": other programs may have had the cores"
			}
		}
		out.Table.Remarks = append(out.Table.Remarks,
			fmt.Sprintf("other programs use this machine: busy goroutines got %.2f of %d cores", cores, p.Cores))
	}
}
