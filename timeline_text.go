package quartet

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// WriteText draws a Gantt chart of width columns (at least 1; 80 is usual), a line for each lane: # where a task runs, ~
// where tasks only wait. Under a global lock . is a wait for the lock, c a call that keeps it, = computing without it, >
// where the lock came from a thread that had to drop it, and ! where one was woken for the lock and found it taken. Of
// what falls into one column it shows the rarer. The label of a lane that has but one follows it. Remarks come last, as
// sentences.
func (t *Timeline) WriteText(w io.Writer, width int) error {
	sc, err := t.scene()
	if err != nil {
		return err
	}
	width = max(width, 1)
	rows := make([][]byte, len(sc.lanes))
	for i := range rows {
		rows[i] = []byte(strings.Repeat(" ", width))
	}
	for _, s := range sc.spans {
		if s.kind != EventQueued {
			paint(rows[sc.row[s.lane]], sc.at(s.from, width), sc.at(s.to, width), s.looks())
		}
	}
	for _, e := range sc.notes {
		if i, ok := sc.row[lane{e.Executor, e.Lane}]; ok && textMarks[e.Detail] != 0 {
			rows[i][min(sc.at(e.At, width), width-1)] = textMarks[e.Detail]
		}
	}
	var b strings.Builder
	for i, l := range sc.lanes {
		line := fmt.Sprintf("%12s %3d |%s| %s", l.executor, l.number, rows[i], sc.labels[l])
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	length := sc.end.Sub(sc.begin)
	fmt.Fprintf(&b, "%16s  %-*s%v\n", "", max(1, width-len(length.String())+1), "0", length)
	for _, r := range sc.remarks {
		fmt.Fprintf(&b, "%16s  %v–%v: %s\n", "", r.From.Sub(sc.begin), r.To.Sub(sc.begin), r.Text)
	}
	_, err = io.WriteString(w, b.String())
	return err
}

var textMarks = map[string]byte{"forced": '>', "lost": '!'}

// texture is what stretches look like in text; of two in one column the later in rarity is shown.
var (
	texture = [...]byte{looksIdle: ' ', looksRun: '#', looksHolds: 'c', looksNative: '=', looksWaiting: '~', looksLocked: '.'}
	rarity  = []byte(" ~.=#c")
)

// paint fills columns, at least one.
func paint(row []byte, from, to, looks int) {
	c := texture[looks]
	from = min(from, len(row)-1)
	for i := from; i < max(to, from+1) && i < len(row); i++ {
		if slices.Index(rarity, c) > slices.Index(rarity, row[i]) {
			row[i] = c
		}
	}
}
