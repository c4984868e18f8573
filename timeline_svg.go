package quartet

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"
)

// WriteSVG draws the chart of [Timeline.WriteText] as a picture that needs nothing else, alone or inside a page, light or
// dark as the reader's system is: a lane for each worker, process or thread, all on one time axis. Waits for a lock are
// hatched, a race for it that was lost is a cross, an arrow comes from the thread that had to drop it, and remarks are
// bands. What a stretch is, and how long it took, shows where the pointer rests. Its width is Width; stretches of one sort
// that would fall into the same tenth of a unit are drawn as one, so that its size is bounded by that of the picture.
func (t *Timeline) WriteSVG(w io.Writer) error {
	sc, err := t.scene()
	if err != nil {
		return err
	}
	d := drawing{scene: sc}
	d.layOut(t.Width)
	d.bands()
	d.axis()
	d.stretches()
	d.marks()
	d.says()
	d.names()
	d.legend()
	d.b.WriteString("</svg>\n")
	_, err = io.WriteString(w, d.head()+d.b.String())
	return err
}

// Sizes, in the picture's units.
const (
	svgWidth  = 960 // by default
	svgLeast  = 320
	svgLeft   = 150 // of the plot, at most
	svgRight  = 20
	svgBar    = 20
	svgPitch  = 32
	svgRemark = 16 // the height of a line of remarks
	svgLetter = 62 // the width of one in tenths, roughly
)

// drawing is a picture that is being written. Lengths are in tenths of units, and whole, so that every machine writes the
// same.
type drawing struct {
	*scene
	b          strings.Builder
	width      int
	left, plot int   // where the plot begins, and its width
	top        []int // of each lane's bar
	bottom     int   // of the plot
	foot       int   // of what is written below it
	tags       []tag
	shown      [6]bool // what the legend has to explain: looks
	lost       bool
	forced     bool
}

// tag is a remark's words, over its lane.
type tag struct {
	row, line int
	x         int
	text      string
}

// tenths writes a length.
type tenths int

func (n tenths) String() string {
	if n%10 == 0 {
		return fmt.Sprint(int(n / 10))
	}
	return fmt.Sprintf("%d.%d", int(n/10), int(n%10))
}

func (d *drawing) x(at time.Time) int { return d.left*10 + d.at(at, d.plot*10) }

// layOut gives each lane its place, with room for its remarks above it.
func (d *drawing) layOut(width int) {
	d.width = max(svgLeast, cmp.Or(width, svgWidth))
	d.left = min(svgLeft, d.width/4)
	d.plot = d.width - d.left - svgRight
	lines := d.tagLines()
	y := 100
	for i := range d.lanes {
		y += lines[i] * svgRemark * 10
		d.top = append(d.top, y)
		y += svgPitch * 10
	}
	d.bottom = y - (svgPitch-svgBar)*10 + 60
}

// tagLines sets the remarks' words, each beside or above those before it, and returns how many lines each lane needs.
func (d *drawing) tagLines() []int {
	lines := make([]int, len(d.lanes))
	ends := make(map[[2]int]int) // of the words in a row's line
	for _, r := range d.remarks {
		row, ok := d.row[lane{r.Executor, r.Lane}]
		if !ok {
			continue
		}
		text := clipped(r.Text, d.plot*10/svgLetter)
		width := len([]rune(text)) * svgLetter
		x := min(d.x(r.From), (d.left+d.plot)*10-width)
		line := 0
		for ends[[2]int{row, line}] > x {
			line++
		}
		if line > 3 {
			continue // it shows where the pointer rests
		}
		ends[[2]int{row, line}] = x + width + 2*svgLetter
		lines[row] = max(lines[row], line+1)
		d.tags = append(d.tags, tag{row, line, x, text})
	}
	return lines
}

// head is what stands before what was drawn.
func (d *drawing) head() string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" class="q-svg" role="img" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d">`+"\n", d.width, d.foot) +
		fmt.Sprintf("<title>%d lanes, %v</title>\n", len(d.lanes), d.end.Sub(d.begin)) +
		svgStyle + `<rect class="q-page" width="100%" height="100%"/>` + "\n"
}

// bands shade what the remarks are about.
func (d *drawing) bands() {
	for _, r := range d.remarks {
		row, ok := d.row[lane{r.Executor, r.Lane}]
		if !ok {
			continue
		}
		x := d.x(r.From)
		d.rect("q-band", x, max(d.x(r.To)-x, 10), d.top[row]-40, (svgBar+8)*10, r.Text)
	}
}

// says writes the remarks' words, over the arrows that come down to their lane.
func (d *drawing) says() {
	for _, t := range d.tags {
		d.text("q-tag", "", t.x, d.top[t.row]-80-t.line*svgRemark*10, t.text)
	}
}

// stretches draws the lanes: waits first, so that on a lane of many tasks what runs is seen.
func (d *drawing) stretches() {
	for _, looks := range []int{looksWaiting, looksLocked, looksNative, looksRun, looksHolds} {
		reached := make([]int, len(d.lanes))
		for _, s := range d.spans {
			if s.looks() != looks {
				continue
			}
			row := d.row[s.lane]
			from, to := d.x(s.from), d.x(s.to)
			if to <= reached[row] || s.to.Equal(s.from) {
				continue
			}
			reached[row] = to
			d.shown[looks] = true
			y, height := d.top[row], svgBar*10
			if looks == looksWaiting {
				y, height = y+80, 40
			}
			width := max(to-from, 4)
			if looks == looksRun && width > 40 {
				width -= 6 // so that tasks one after the other are told apart
			}
			d.rect(svgClass[looks], from, width, y, height, d.about(s))
		}
	}
}

// about is what the pointer is told of a stretch.
func (d *drawing) about(s span) string {
	return fmt.Sprintf("%s %s for %v, from %v", s.name(), svgWords[s.looks()], s.to.Sub(s.from), s.from.Sub(d.begin))
}

// marks draws lost races and forced switches, one of each sort for each unit of width.
func (d *drawing) marks() {
	seen := make(map[[3]int]bool)
	for _, e := range d.notes {
		row, ok := d.row[lane{e.Executor, e.Lane}]
		if !ok {
			continue
		}
		x := d.x(e.At)
		switch peer, known := d.peer(e); {
		case e.Detail == "lost" && !seen[[3]int{row, -1, x / 10}]:
			seen[[3]int{row, -1, x / 10}] = true
			d.lost = true
			d.cross(x, d.top[row]+svgBar*5, "woken for the lock, and found it taken, at "+e.At.Sub(d.begin).String())
		case e.Detail == "forced" && known && peer != row && !seen[[3]int{row, peer, x / 10}]:
			seen[[3]int{row, peer, x / 10}] = true
			d.forced = true
			d.arrow(x, peer, row, fmt.Sprintf("%s had to drop the lock at %v", d.lanes[peer].name(), e.At.Sub(d.begin)))
		}
	}
}

func (d *drawing) cross(x, y int, about string) {
	fmt.Fprintf(&d.b, `<path class="q-lost" d="M%v %vl6 6m0-6l-6 6"><title>%s</title></path>`+"\n", tenths(x-30), tenths(y-30), about)
}

// arrow goes from the edge of one lane's bar to that of another's.
func (d *drawing) arrow(x, from, to int, about string) {
	y1, y2, head := d.top[from]+svgBar*10, d.top[to], -50
	if from > to {
		y1, y2, head = d.top[from], d.top[to]+svgBar*10, 50
	}
	fmt.Fprintf(&d.b, `<g class="q-forced"><title>%s</title><path d="M%v %vV%v"/><path class="q-head" d="M%v %vL%v %vL%v %vz"/></g>`+"\n", svgText(about),
		tenths(x), tenths(y1), tenths(y2+head), tenths(x), tenths(y2), tenths(x-25), tenths(y2+head), tenths(x+25), tenths(y2+head))
}

// names says whose lanes they are: the task's, where it is always the same, before that of the lane if there is room.
func (d *drawing) names() {
	for i, l := range d.lanes {
		y := d.top[i] + svgBar*10 - 58
		label := clipped(d.labels[l], min(13, (d.left-8)*10/svgLetter))
		if label == "" {
			d.text("q-name", "end", d.left*10-80, y, clipped(l.name(), (d.left-20)*10/svgLetter))
			continue
		}
		d.text("q-name", "end", d.left*10-80, y, label)
		if d.left == svgLeft {
			d.text("q-dim", "", 80, y, clipped(l.name(), 9))
		}
	}
}

func (d *drawing) rect(class string, x, width, y, height int, about string) {
	fmt.Fprintf(&d.b, `<rect class="%s" x="%v" y="%v" width="%v" height="%v"><title>%s</title></rect>`+"\n",
		class, tenths(x), tenths(y), tenths(width), tenths(height), svgText(about))
}

func (d *drawing) text(class, anchor string, x, y int, text string) {
	if anchor != "" {
		anchor = ` text-anchor="` + anchor + `"`
	}
	fmt.Fprintf(&d.b, `<text class="%s"%s x="%v" y="%v">%s</text>`+"\n", class, anchor, tenths(x), tenths(y), svgText(text))
}

// svgText is text as XML has it.
func svgText(text string) string {
	return svgEscapes.Replace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0xfffe || r == 0xffff {
			return '\ufffd'
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd")))
}

var svgEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")
