package draw

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"io"
	"strings"
	"time"
)

// SVG draws the chart of [Text] as a picture that needs nothing else, alone or inside a page: a
// lane for each worker, process or thread, and a stepped area for each queue, all on one time axis.
// Waits for a lock are hatched, a lost race for it is a cross, an arrow starts at the thread that
// had to drop it, and remarks are bands. A pointer that rests on a stretch shows its task, its kind
// and its length.
//
// It is width units wide (default 960, at least 320). It is light or dark as the reader's system
// is; a page with a switch of its own sets data-theme="light" or "dark" on its root element.
// Several pictures in one page do not share ids. Stretches of one look that would fall into the
// same tenth of a unit are drawn as one, so that the picture's size has a bound.
//
// It is made in memory before w gets any of it, as its id is known only then; an error is w's own.
func SVG(w io.Writer, s *Scene, width int) error {
	// The order is that of the layers: later shapes lie above earlier ones. The head comes last,
	// since its id is a sum of the rest.
	d := drawing{plan: newPlan(s)}
	d.layOut(width)
	d.bands()
	d.axis()
	d.queues()
	d.stretches()
	d.marks()
	d.says()
	d.names()
	d.legend()
	d.b.WriteString("</svg>\n")
	_, err := io.WriteString(w, d.head()+d.b.String())
	return err
}

// Sizes, in the picture's units.
const (
	// svgLetter and svgWide are guesses at the fonts of svgLight: the picture is laid out without
	// knowing the viewer's.
	svgWidth  = 960 // by default
	svgLeast  = 320
	svgLeft   = 150 // of the plot, at most
	svgRight  = 20
	svgBar    = 20
	svgPitch  = 32
	svgRemark = 16 // the height of a line of remarks
	svgLetter = 62 // the width of one in tenths, roughly
	svgWide   = 74 // of one in a lane's name
	svgNames  = 9  // letters of a lane's name beside a label
	svgQueue  = 26 // the height of a queue's area
)

// drawing is a picture that is being written. Lengths are in tenths of units, and whole, so that
// every machine writes the same. layOut fixes the places of lanes and queues; the methods that draw
// only write.
//
// The builder b holds the shapes in the order of the layers. x and y in methods are tenths; width,
// left, plot and foot are whole units.
//
// It is used by one goroutine, for one picture. shown, lost and forced are written by the methods
// that draw, and read by legend.
type drawing struct {
	*plan
	b          strings.Builder
	width      int
	left, plot int   // where the plot begins, and its width
	top        []int // of each lane's bar
	backlogs   []backlog
	queueFoot  []int // of each backlog's area: its lower edge
	bottom     int   // of the plot
	foot       int   // of what is written below it
	tags       []tag
	shown      [looks]bool // what the legend has to explain
	lost       bool
	forced     bool
}

// tag is a remark's words, over its lane. line counts upwards from the lane.
type tag struct {
	row, line int
	x         int
	text      string
}

// tenths writes a length. A float would be written with other digits on other machines, and longer.
type tenths int

// String writes no decimal where there is none: most lengths are whole, and a picture has many.
func (n tenths) String() string {
	if n%10 == 0 {
		return fmt.Sprint(int(n / 10))
	}
	return fmt.Sprintf("%d.%d", int(n/10), int(n%10))
}

// x returns the place of a moment on the time axis, in tenths.
func (d *drawing) x(at time.Duration) int { return d.left*10 + d.at(at, d.plot*10) }

// layOut gives each lane its place, with room for its remarks above it. A group's queue stands
// above its first lane. The loop and the one after it place every queue exactly once: groups that
// have lanes, and then those that have only queued tasks.
func (d *drawing) layOut(width int) {
	d.width = max(svgLeast, cmp.Or(width, svgWidth))
	d.left = min(svgLeft, d.width/4)
	d.plot = d.width - d.left - svgRight
	d.backlogs = d.plan.backlogs()
	lines := d.tagLines()
	y := 100
	for i, l := range d.lanes {
		// Groups are in the same order in both lists, so the queue of this lane's group comes next,
		// if it has one.
		for n := len(d.queueFoot); n < len(d.backlogs) && d.backlogs[n].group <= l.Group; n++ {
			y = d.placeQueue(y)
		}
		y += lines[i] * svgRemark * 10
		d.top = append(d.top, y)
		y += svgPitch * 10
	}
	// Groups behind the last lane's, of whose tasks none has run.
	for len(d.queueFoot) < len(d.backlogs) {
		y = d.placeQueue(y)
	}
	d.bottom = y - (svgPitch-svgBar)*10 + 60
}

// placeQueue gives the next queue its place below y, and returns the y of what follows. It is
// called once for each backlog, in their order: queueFoot grows with it.
func (d *drawing) placeQueue(y int) int {
	y += svgQueue * 10
	d.queueFoot = append(d.queueFoot, y)
	return y + (svgPitch-svgBar)*10
}

// tagLines sets the remarks' words, each beside or above those before it, and returns how many
// lines each lane needs. Remarks are taken in their order, so the first ones get the lowest lines.
// Words at the right edge are moved to the left until they fit. It runs before the lanes have their
// places, since they need room for these lines.
func (d *drawing) tagLines() []int {
	lines := make([]int, len(d.lanes))
	ends := make(map[[2]int]int) // of the words in a row's line
	for _, r := range d.Remarks {
		row, ok := d.row[r.Lane]
		if !ok {
			continue
		}
		// No longer than the plot is wide.
		text := clip(Clean(r.Text), d.plot*10/svgLetter)
		width := len([]rune(text)) * svgLetter
		x := min(d.x(r.From), (d.left+d.plot)*10-width)
		line := 0
		for ends[[2]int{row, line}] > x {
			line++
		}
		// More lines of words would push the lanes apart.
		if line > 3 {
			continue // it shows where the pointer rests
		}
		ends[[2]int{row, line}] = x + width + 2*svgLetter
		lines[row] = max(lines[row], line+1)
		d.tags = append(d.tags, tag{row, line, x, text})
	}
	return lines
}

// head returns the text before the shapes. The picture's id is a sum of its shapes. Two pictures
// with the same shapes have the same id, and look alike, so they may share it. The id depends on
// nothing but the shapes: no counter and no chance, so that the same scene gives the same bytes.
func (d *drawing) head() string {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(d.b.String()))
	id := fmt.Sprintf("q%x", sum.Sum64())
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" id="%s" class="q-svg" role="img" viewBox="0 0 %d %d" width="%[2]d" height="%[3]d">`+"\n", id, d.width, d.foot) +
		fmt.Sprintf("<title>%d lanes, %v</title>\n", len(d.lanes), d.Length) +
		strings.ReplaceAll(svgStyle, "ID", id) + `<rect class="q-page" width="100%" height="100%"/>` + "\n"
}

// bands shade what the remarks are about. They are drawn first, below everything. A band has a
// width of one unit at least, so that a short remark can be pointed at. A remark about a lane that
// is not in the picture is left out.
func (d *drawing) bands() {
	for _, r := range d.Remarks {
		row, ok := d.row[r.Lane]
		if !ok {
			continue
		}
		x := d.x(r.From)
		d.rect("q-band", x, max(d.x(r.To)-x, 10), d.top[row]-40, (svgBar+8)*10, Clean(r.Text))
	}
}

// says writes the remarks' words, over the arrows that come down to their lane.
func (d *drawing) says() {
	for _, t := range d.tags {
		d.text("q-tag", "", t.x, d.top[t.row]-80-t.line*svgRemark*10, t.text)
	}
}

// stretches draws the lanes: waits first, so that on a lane of many tasks what runs is seen.
// reached is how far a lane is drawn in this look: a stretch that ends before that would not be
// seen. It relies on the order of the spans, which is that of their beginnings, and bounds the
// number of shapes by the width in tenths, for each lane and look.
func (d *drawing) stretches() {
	for _, look := range []Look{Waiting, Locked, Native, Run, Holds} {
		reached := make([]int, len(d.lanes))
		for _, s := range d.Spans {
			if s.Look != look {
				continue
			}
			row := d.row[s.Lane]
			from, to := d.x(s.From), d.x(s.To)
			// It would lie under a stretch that is drawn already.
			if to <= reached[row] || s.To == s.From {
				continue
			}
			reached[row] = to
			d.shown[look] = true
			y, height := d.top[row], svgBar*10
			if look == Waiting {
				y, height = y+80, 40
			}
			// At least 0.4 units: a shorter bar is not visible.
			width := max(to-from, 4)
			if look == Run && width > 40 {
				width -= 6 // so that tasks one after the other are told apart
			}
			d.rect(svgClass[look], from, width, y, height, d.about(s))
		}
	}
}

// about is what the pointer is told of a stretch. The words are escaped by rect, and a label in
// them has passed through Clean.
func (d *drawing) about(s Span) string {
	return fmt.Sprintf("%s %s for %v, from %v", s.name(), svgWords[s.Look], s.To-s.From, s.From)
}

// marks draws lost races and forced switches, one of each sort for each unit of width. At a
// thousand switches a second a picture would be nothing but arrows. seen has the row, the other row
// (or -1) and the unit. Others than the first in a place are not drawn at all, though their titles
// differ.
func (d *drawing) marks() {
	seen := make(map[[3]int]bool)
	for _, m := range d.Marks {
		row, ok := d.row[m.Lane]
		if !ok {
			continue
		}
		x := d.x(m.At)
		switch peer, known := d.peer(m); {
		case m.Kind == Lost && !seen[[3]int{row, -1, x / 10}]:
			seen[[3]int{row, -1, x / 10}] = true
			d.lost = true
			d.cross(x, d.top[row]+svgBar*5, "woken for the lock, and found it taken, at "+m.At.String())
		// An arrow needs both lanes; on one lane there is nothing to draw.
		case m.Kind == Forced && known && peer != row && !seen[[3]int{row, peer, x / 10}]:
			seen[[3]int{row, peer, x / 10}] = true
			d.forced = true
			d.arrow(x, peer, row, fmt.Sprintf("%s had to drop the lock at %v", d.lanes[peer].name(), m.At))
		}
	}
}

// cross marks a lost race, around its middle. about is not escaped: its callers pass fixed words
// and figures.
func (d *drawing) cross(x, y int, about string) {
	fmt.Fprintf(&d.b, `<path class="q-lost" d="M%v %vl6 6m0-6l-6 6"><title>%s</title></path>`+"\n", tenths(x-30),
		tenths(y-30), about)
}

// arrow goes from the edge of one lane's bar to that of another's. It ends at the edge that faces
// the other lane, so it never crosses its own bar. Both lanes have places: marks has asked for
// their rows.
func (d *drawing) arrow(x, from, to int, about string) {
	y1, y2, head := d.top[from]+svgBar*10, d.top[to], -50
	if from > to {
		y1, y2, head = d.top[from], d.top[to]+svgBar*10, 50
	}
	fmt.Fprintf(&d.b,
		`<g class="q-forced"><title>%s</title><path d="M%v %vV%v"/><path class="q-head" d="M%v %vL%v %vL%v %vz"/></g>`+"\n", svgText(about),
		tenths(x), tenths(y1), tenths(y2+head), tenths(x), tenths(y2), tenths(x-25), tenths(y2+head), tenths(x+25),
		tenths(y2+head))
}

// names says whose lanes they are: the task's, where it is always the same, before that of the lane
// if there is room. On a narrow picture there is room for one of the two. The lane's own name is at
// the left edge then.
func (d *drawing) names() {
	for i, l := range d.lanes {
		y := d.top[i] + svgBar*10 - 58
		room := d.left*10 - 160
		if d.left == svgLeft {
			room -= svgNames * svgLetter
		}
		label := clip(d.labels[l], room/svgWide)
		if label == "" {
			d.text("q-name", "end", d.left*10-80, y, clip(l.name(), (d.left-20)*10/svgLetter))
			continue
		}
		d.text("q-name", "end", d.left*10-80, y, label)
		if d.left == svgLeft {
			d.text("q-dim", "", 80, y, clip(l.name(), svgNames))
		}
	}
}

// rect writes a bar with the words that a resting pointer shows. Class and numbers are this
// package's own, and only about is escaped.
func (d *drawing) rect(class string, x, width, y, height int, about string) {
	fmt.Fprintf(&d.b, `<rect class="%s" x="%v" y="%v" width="%v" height="%v"><title>%s</title></rect>`+"\n",
		class, tenths(x), tenths(y), tenths(width), tenths(height), svgText(about))
}

// text writes words at a place. No anchor: they begin there. It escapes the words.
func (d *drawing) text(class, anchor string, x, y int, text string) {
	if anchor != "" {
		anchor = ` text-anchor="` + anchor + `"`
	}
	fmt.Fprintf(&d.b, `<text class="%s"%s x="%v" y="%v">%s</text>`+"\n", class, anchor, tenths(x), tenths(y),
		svgText(text))
}

// svgText returns text as XML writes it. Pictures hold nothing but what [Clean] returns and
// figures.
func svgText(text string) string { return svgEscapes.Replace(text) }

// All of XML's special characters that can occur in text or in an attribute in double quotes.
var svgEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")
