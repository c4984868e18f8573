package workload

import (
	"fmt"
	"slices"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

// What chat does.
const (
	MessageEvery = 20 * time.Millisecond
	messages     = 15
	deliver      = 5 * time.Microsecond  // CPU time, about what it takes to write to a socket
	slowReader   = 10 * time.Millisecond // for each message
	shownAt      = 100                   // receivers of the rows; with more, delivering alone takes too long
)

// ChatTable is the table of chat, with so many receivers, without its rows.
func ChatTable(receivers int) result.Table {
	return result.Table{
		Name: "chat",
		Title: fmt.Sprintf("a message to %d receivers every %v, one of whom takes %v to read it; latency of the others; wall: of the slowest message, until all have it",
			receivers, MessageEvery, slowReader),
		Rule:   fmt.Sprintf("p99 below half of the slow reader's %v", slowReader),
		Limit:  slowReader / 2,
		BarOf:  result.P99,
		Steps:  "receivers",
		StepOf: result.P99,
	}
}

// broadcast is the scenario of chat: the slow reader comes first.
func broadcast(receivers int) (sc load.Scenario) {
	for m := range messages {
		at := time.Duration(m) * MessageEvery
		sc.Requests = append(sc.Requests, load.Timed{Ask: load.Ask{Label: "slow reader", Wait: slowReader}, At: at})
		for range receivers - 1 {
			sc.Requests = append(sc.Requests,
				load.Timed{Ask: load.Ask{Label: "receiver", Compute: deliver}, At: at, Counts: true})
		}
	}
	return sc
}

// chat shows whom a slow reader holds up. The rows' figures are those of the step of a hundred
// receivers.
func chat(p Plan) Outcome {
	out := Outcome{Figures: verdict.Figures{}}
	// Receivers keep their connections, which nobody hands over again for each message.
	p.Models = slices.DeleteFunc(slices.Clone(p.Models), func(m load.Model) bool { return m.Fresh })
	levels := make([][]result.Level, len(p.Models))
	for _, n := range p.Receivers {
		full := func(m load.Model) bool { return m.Most > 0 && n >= m.Most } // one message takes all that it has
		samples := p.alternate(fmt.Sprintf("chat, %d receivers", n), p.Cores, broadcast(n), full)
		if p.Ctx.Err() != nil && len(out.Table.Rows) > 0 {
			break
		}
		rows := n <= shownAt || len(out.Table.Rows) == 0
		if rows {
			out.Table = ChatTable(n)
		}
		for i, m := range p.Models {
			s := samples[i]
			if len(s.Rounds) == 0 {
				continue
			}
			l := level(n, s)
			l.N = int64(n * messages)
			levels[i] = append(levels[i], l)
			if !rows {
				continue
			}
			worst := result.Median(ofRounds(s, func(s load.Sample) time.Duration { return s.Percentile(100) }))
			row := p.newRow(m, p.Cores, s, worst, time.Duration(n-1)*deliver/time.Duration(p.Cores))
			above(&row, workWasFaster)
			JudgeChat(&row)
			out.Table.Rows = append(out.Table.Rows, row)
			note(out.Figures, "chat", m, s)
		}
	}
	for i := range out.Table.Rows {
		row := &out.Table.Rows[i]
		row.Levels = levels[slices.IndexFunc(p.Models, func(m load.Model) bool { return m.Name == row.Model })]
	}
	if len(out.Table.Rows) > 0 {
		out.Table.Remarks = append(out.Table.Remarks, fmt.Sprintf(
			"a delivery takes %v of CPU time here; real runtimes parse a request for it too, and take several times that", deliver))
	}
	p.tell(&out)
	if p.Probes && p.Ctx.Err() == nil {
		backlog(&p, &out)
	}
	return out
}

// JudgeChat says, from a row's figures, how it breaks the rule.
func JudgeChat(r *result.Row) {
	if r.P99 <= slowReader/2 {
		return
	}
	why := fmt.Sprintf("every second one waits %s or more, on %.2f cores", short(r.P50), r.Cores)
	if r.Started == 1 {
		why = "one request runs at a time, so all wait for the slow reader"
	}
	breaks(r, "p99 "+short(r.P99), why)
}
