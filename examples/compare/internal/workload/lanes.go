package workload

import (
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/model"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// LanesOf are the models whose steps are shown, LanesSpan is for how long.
var LanesOf = []string{"loop", "loop+pool", "loop+gil thread", "processes(k)"}

// LanesSpan is how much of mixed the lanes show.
const LanesSpan = 300 * time.Millisecond

// Lanes runs mixed once more on four models, with an observer, for pictures of its first steps.
func Lanes(p Plan) (all []result.Lanes) {
	p.Mixed = LanesSpan
	for _, name := range LanesOf {
		if p.Ctx.Err() != nil {
			return all
		}
		p.Progress("mixed, observed: " + name)
		var seen quartet.Timeline
		m := model.Named(name)
		s := p.Measure(m, load.Setup{Workers: p.Cores, Observer: &seen}, p.pingsBesideWork())
		all = append(all, result.NewLanes(m.Name, p.shown(m, p.Cores), s.Begin, LanesSpan, seen.Events()))
	}
	return all
}
