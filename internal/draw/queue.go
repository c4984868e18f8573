package draw

import (
	"cmp"
	"slices"
	"time"
)

// backlog is the number of queued tasks of a group over time: the count from each moment on.
//
// Invariant: the steps are in order, no two are at one moment, and the count before the first is 0.
// most is at least 1, as a group that never queued has no backlog: whoever draws divides by it.
type backlog struct {
	group string
	steps []backlogStep
	most  int
}

// backlogStep is the count from a moment on; in a list of changes, by how much it changes.
type backlogStep struct {
	at    time.Duration
	count int
}

// backlogs returns the groups in which a task had to queue for some time, in order. A task that
// queued for no time is left out: it would show as a queue where none was. groups is in order, and
// so are the backlogs: Text and SVG rely on that.
func (p *plan) backlogs() []backlog {
	changes := make(map[string][]backlogStep) // count: by how much it changes
	for _, s := range p.Spans {
		if s.Look == Queued && s.To > s.From {
			changes[s.Lane.Group] = append(changes[s.Lane.Group], backlogStep{s.From, 1}, backlogStep{s.To, -1})
		}
	}
	var all []backlog
	for _, group := range p.groups() {
		if changes[group] != nil {
			all = append(all, newBacklog(group, changes[group]))
		}
	}
	return all
}

// newBacklog adds the changes up. Of several at one moment only the last count is kept: the others
// lasted for no time. The order of changes at one moment does not matter, since only their sum is
// kept.
func newBacklog(group string, changes []backlogStep) backlog {
	slices.SortStableFunc(changes, func(a, b backlogStep) int { return cmp.Compare(a.at, b.at) })
	b := backlog{group: group}
	count := 0
	for i, c := range changes {
		count += c.count
		if i+1 < len(changes) && changes[i+1].at == c.at {
			continue
		}
		b.steps = append(b.steps, backlogStep{c.at, count})
		// Within a moment the count may be higher for no time, and is not looked at.
		b.most = max(b.most, count)
	}
	return b
}

// columns returns the greatest count in each of so many columns of the picture. The greatest and
// not the mean: a queue that was full for a moment has refused somebody. The columns are those of
// plan.at, as the lanes use them, so a queue stands exactly above the tasks that leave it.
func (b backlog) columns(p *plan, columns int) []int {
	counts := make([]int, columns)
	for i, s := range b.steps {
		end := p.Length
		if i+1 < len(b.steps) {
			end = b.steps[i+1].at
		}
		// A step at the very end of the picture falls into the last column.
		from := min(p.at(s.at, columns), columns-1)
		// A step shorter than a column still counts there: a short peak is what one looks for.
		for c := from; c < max(from+1, p.at(end, columns)) && c < columns; c++ {
			counts[c] = max(counts[c], s.count)
		}
	}
	return counts
}
