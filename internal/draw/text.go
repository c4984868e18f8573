package draw

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Text draws a Gantt chart of width columns (at least 1), a line for each lane:
//
//	#  runs                    c  runs in a call that keeps the lock
//	+  runs and waits          =  computes without the lock
//	~  waits                   .  waits for the lock
//	>  was given the lock that another thread had to drop
//	!  was woken for the lock and found it taken
//
// A column of + is one in which the lane waits for more than half of the time. A group in which
// tasks queue has a line of its own with the length of its queue: a digit, or * from 10 on. Remarks
// follow as sentences.
//
// It needs no colours, so it can be mailed and kept in a test. The whole text is made before
// anything is written, so w sees one Write. The queues are taken from the front: lanes and backlogs
// are both in the order of their groups.
func Text(w io.Writer, s *Scene, width int) error {
	p := newPlan(s)
	c := chart{plan: p, width: max(width, 1), wide: groupWidth(p)}
	queues := p.backlogs()
	cells := c.cells()
	for i, l := range p.lanes {
		for len(queues) > 0 && queues[0].group <= l.Group {
			c.queue(queues[0])
			queues = queues[1:]
		}
		c.line(l.Group, fmt.Sprintf("%3d", l.Number), cells[i], p.labels[l])
	}
	for _, q := range queues {
		c.queue(q)
	}
	c.foot()
	_, err := io.WriteString(w, c.b.String())
	return err
}

// chart is a text that is being written. Cells are bytes, as all letters are ASCII; names and
// labels are cut by runes. wide is the same for all lines, so that the plots stand below each
// other.
//
// It is used by one goroutine, for one text.
type chart struct {
	*plan
	b     strings.Builder
	width int // of the plot, in columns
	wide  int // of the groups' names
}

// Names of groups are aligned, and clipped where they are longer than maxGroup.
const (
	minGroup = 12
	maxGroup = 30
)

// groupWidth returns how wide the column of the groups' names is. It counts runes, which is their
// width on a terminal in most scripts.
func groupWidth(p *plan) int {
	wide := minGroup
	for _, group := range p.groups() {
		wide = max(wide, utf8.RuneCountInString(Clean(group)))
	}
	return min(wide, maxGroup)
}

// line writes one lane or queue. number has at least three letters. Trailing spaces are dropped: an
// editor would drop them from a test's expected text, too. A name that was clipped is as long as
// the column, so the padding is never negative.
func (c *chart) line(group, number string, cells []byte, label string) {
	name := clip(Clean(group), c.wide)
	pad := strings.Repeat(" ", c.wide-utf8.RuneCountInString(name))
	line := fmt.Sprintf("%s%s %s |%s| %s", pad, name, number, cells, label)
	c.b.WriteString(strings.TrimRight(line, " ") + "\n")
}

// queue writes the line of a queue, with q in the place of the lane's number.
func (c *chart) queue(q backlog) {
	c.line(q.group, "  q", queueCells(q.columns(c.plan, c.width)), fmt.Sprintf("queued, at most %d", q.most))
}

// foot writes the axis and the remarks. At widths that have no room for both ends of the axis the
// second one stands beyond the plot.
func (c *chart) foot() {
	indent := strings.Repeat(" ", c.wide+4)
	fmt.Fprintf(&c.b, "%s  %-*s%v\n", indent, max(1, c.width-len(c.Length.String())+1), "0", c.Length)
	for _, r := range c.Remarks {
		fmt.Fprintf(&c.b, "%s  %v–%v: %s\n", indent, r.From, r.To, Clean(r.Text))
	}
}

// queueCells writes a count as a digit, and more than nine as a star: a column is one character
// wide. A count of 0 is a space: a queue that is empty draws nothing.
func queueCells(counts []int) []byte {
	cells := make([]byte, len(counts))
	for i, n := range counts {
		switch {
		case n == 0:
			cells[i] = ' '
		case n < 10:
			cells[i] = '0' + byte(n)
		default:
			cells[i] = '*'
		}
	}
	return cells
}

// cellParts is the number of parts of a column that are told apart when its time is added up. Finer
// parts would change letters only where times are nearly equal. They are whole numbers, so that
// every machine finds the same letter.
const cellParts = 64

// cell adds up what a lane does in one column. Both are needed: a stretch shorter than a part is
// seen and takes no part. parts add up to more than cellParts where several tasks share the lane.
type cell struct {
	parts [looks]int // of the column's time
	seen  [looks]bool
}

// cells returns the columns of each lane. Marks come last, over the letters. It first adds up, then
// chooses letters: the order of spans does not matter. Of two marks in one column the later one is
// seen.
//
// It takes memory for each lane and column, so a picture of thousands of lanes is for its caller to
// avoid.
func (c *chart) cells() [][]byte {
	cells := make([][]cell, len(c.lanes))
	for i := range cells {
		cells[i] = make([]cell, c.width)
	}
	for _, s := range c.Spans {
		if s.Look != Queued {
			c.spread(cells[c.row[s.Lane]], s)
		}
	}
	shown := make([][]byte, len(c.lanes))
	for i := range cells {
		shown[i] = make([]byte, c.width)
		for j := range cells[i] {
			shown[i][j] = cells[i][j].letter()
		}
	}
	for _, m := range c.Marks {
		if row, ok := c.row[m.Lane]; ok && markLetters[m.Kind] != 0 {
			shown[row][min(c.at(m.At, c.width), c.width-1)] = markLetters[m.Kind]
		}
	}
	return shown
}

var markLetters = [...]byte{Other: 0, Lost: '!', Forced: '>'}

// spread adds a span to the columns that it touches, at least one. At least one, so that no task is
// left out because it was short. A span at the very end of the picture falls into the last column.
// from and to are in parts of columns.
func (c *chart) spread(cells []cell, s Span) {
	from, to := c.at(s.From, c.width*cellParts), c.at(s.To, c.width*cellParts)
	first := min(from/cellParts, c.width-1)
	for i := first; i < c.width && (i == first || i*cellParts < to); i++ {
		cells[i].seen[s.Look] = true
		cells[i].parts[s.Look] += max(0, min(to, (i+1)*cellParts)-max(from, i*cellParts))
	}
}

// Queued has none: it is never on a lane.
var letters = [...]byte{Run: '#', Holds: 'c', Native: '=', Waiting: '~', Locked: '.'}

// Whatever ran in a column is shown, however short, since a picture that hides it would be wrong
// about who had the lock. The plus says that the waits took longer.
func (c *cell) letter() byte {
	waits := c.parts[Waiting] + c.parts[Locked]
	// In this order a rare look is not hidden by a common one.
	for _, look := range []Look{Holds, Run, Native} { // the rarest first
		if !c.seen[look] {
			continue
		}
		// A sum over all tasks of the lane: on a lane with many tasks it is about them together.
		if runs := c.parts[Run] + c.parts[Holds] + c.parts[Native]; runs < waits {
			return '+'
		}
		return letters[look]
	}
	switch {
	case c.seen[Locked] && c.parts[Locked] >= c.parts[Waiting]:
		return letters[Locked]
	case c.seen[Waiting]:
		return letters[Waiting]
	}
	return ' '
}
