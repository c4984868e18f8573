package draw

import (
	"strings"
	"time"
)

// The class of a look in SVG, and its name in full and in short.
var (
	// Queued has no entry: queued tasks are an area, and no bars.
	svgClass = [...]string{Run: "q-run", Holds: "q-holds", Native: "q-native", Waiting: "q-waits", Locked: "q-locked"}
	svgWords = [...]string{
		Run: "runs", Holds: "runs in a call that keeps the lock", Native: "computes without the lock",
		Waiting: "waits", Locked: "waits for the lock",
	}
)

// svgStyle has the colours: people with any colour vision tell them apart, and each has a form of
// its own. They are classes and not variables, since not every viewer knows variables. ID is the
// picture's own id: a pattern is found by id, and the first picture of a page with that id might be
// hidden. It is one text for all pictures: only ID is replaced, by head.
var svgStyle = "<style>\n" + svgLight +
	"@media (prefers-color-scheme:dark){\n" + svgDark(":where(:root:not([data-theme=light]))") + "}\n" +
	svgDark(":where(:root[data-theme=dark])") +
	`</style>
<defs><pattern id="ID-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="q-hb" width="6" height="6"/><path class="q-hl" d="M0 0V6"/></pattern></defs>
`

// An entry is the class's whole look in the light; svgDark only replaces colours.
const svgLight = `.q-svg{font-family:system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;font-size:12px}
.q-page{fill:#fff}
.q-name{fill:#222}
.q-dim{fill:#666;font-size:11px}
.q-tag{fill:#7a4a00;font-size:11.5px;paint-order:stroke;stroke:#fff;stroke-width:3px}
.q-grid{stroke:#e3e3e3;stroke-width:1}
.q-run{fill:#009e73}
.q-holds{fill:#0072b2}
.q-native{fill:#56b4e9}
.q-waits{fill:#b8b8b8}
.q-locked{stroke:#c98a00;stroke-width:.6}
#ID .q-locked{fill:url(#ID-hatch)}
.q-hb{fill:#fff3d6}
.q-hl{stroke:#d48f00;stroke-width:2.4}
.q-queued{fill:#cc79a7;fill-opacity:.45;stroke:#a3447a;stroke-width:.8}
.q-band{fill:#e69f00;fill-opacity:.22;stroke:#c98a00;stroke-width:.8;stroke-dasharray:3 2}
.q-lost{stroke:#c4380a;stroke-width:2;fill:none}
.q-forced{stroke:#8a2f6b;stroke-width:1.3;fill:none}
.q-head{fill:#8a2f6b;stroke:none}
`

// svgDark returns the colours for the dark, below the selector of a page that is dark. The selector
// has no weight (:where), so that a page may override a colour as in the light. The same rules are
// written twice: for the reader's system, unless the page has chosen light, and for a page that has
// chosen dark. CSS has no way to share a block between a media query and a selector. It is called
// twice at the start of the program, and never again.
func svgDark(page string) string {
	var b strings.Builder
	for line := range strings.Lines(`.q-page{fill:#16181c}
.q-name{fill:#e6e6e6}
.q-dim{fill:#a0a4aa}
.q-tag{fill:#ffc65c;stroke:#16181c}
.q-grid{stroke:#33373d}
.q-run{fill:#12b886}
.q-holds{fill:#3b9be0}
.q-native{fill:#8fd0f5}
.q-waits{fill:#60656d}
.q-hb{fill:#33290f}
.q-queued{fill:#e79fc9;stroke:#e79fc9}
.q-lost{stroke:#ff7a4d}
.q-forced{stroke:#e79fc9}
.q-head{fill:#e79fc9}
`) {
		b.WriteString(page + " " + line)
	}
	return b.String()
}

// axis draws a line every so often, with its time. At most eight, and none closer than 60 units, so
// that the times do not touch. It is drawn before the bars, so that lines of the grid lie below
// them. The last line is at the end only where the length is a multiple of the step.
func (d *drawing) axis() {
	length := d.Length
	step := tickStep(length, min(8, d.plot/60))
	for at := time.Duration(0); at <= length; at += step {
		x := d.x(at)
		d.b.WriteString(`<path class="q-grid" d="M` + tenths(x).String() + " 8V" + tenths(d.bottom).String() + "\"/>\n")
		d.text("q-dim", "middle", x, d.bottom+140, at.String())
	}
}

// tickStep returns a round length that fits into the whole at most so many times. 1, 2, 5, 10 and
// so on up to ten seconds, and beyond that lengths that a clock has.
//
// It always returns a step above 0, or axis would not end: most is at least 1, as the plot is never
// narrower than 60 units. Times at round steps are read at a glance. The table ends with 6 h;
// beyond that whole hours serve.
func tickStep(length time.Duration, most int) time.Duration {
	n := time.Duration(most)
	step := time.Duration(1)
	for i := 0; step < 10*time.Second; i++ {
		if length/step <= n {
			return step
		}
		// The factors 2, 5/2 and 2 in turn lead from 1 to 2, 5, 10. The division is exact.
		step = step * []time.Duration{2, 5, 2}[i%3] / []time.Duration{1, 2, 1}[i%3]
	}
	for _, step := range []time.Duration{
		10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour,
	} {
		if length/step <= n {
			return step
		}
	}
	return (length/n + time.Hour - 1).Truncate(time.Hour) // rounded up: a shorter step would fit in too often
}

// legend explains what the picture has, in as many lines as that takes. What the picture does not
// show has no entry. It comes last of all shapes, when shown, lost and forced are known, and so it
// also sets the foot of the picture. On a narrow picture it begins at the left edge.
//
// The samples are drawn by the same methods as the picture, so they look alike.
func (d *drawing) legend() {
	left := d.left * 10
	if d.left < svgLeft {
		left = 80
	}
	x, y := left, d.bottom+300
	// The width of the words is guessed by their number of letters, as text is laid out by the
	// viewer.
	entry := func(words string, sample func(x, y int)) {
		wide := 220 + len(words)*svgLetter
		if x > left && x+wide > d.width*10 {
			x, y = left, y+svgRemark*10
		}
		sample(x, y)
		d.text("q-dim", "", x+220, y+90, words)
		x += wide + 160
	}
	for _, look := range []Look{Run, Holds, Native, Locked, Waiting} {
		if d.shown[look] {
			entry(svgShort[look], func(x, y int) {
				if look == Waiting {
					d.rect(svgClass[look], x, 160, y+30, 40, svgWords[look])
					return
				}
				d.rect(svgClass[look], x, 160, y, 100, svgWords[look])
			})
		}
	}
	if len(d.backlogs) > 0 {
		entry("queued tasks", func(x, y int) {
			d.b.WriteString(`<path class="q-queued" d="M` + tenths(x).String() + " " + tenths(y+100).String() + `v-5h8v-5h8v10z"/>` + "\n")
		})
	}
	if d.lost {
		entry("lost race", func(x, y int) { d.cross(x+80, y+50, "woken for the lock, and found it taken") })
	}
	if d.forced {
		entry("forced switch", func(x, y int) {
			d.b.WriteString(`<g class="q-forced"><path d="M` + tenths(x+80).String() + " " + tenths(y-20).String() + `v9"/><path class="q-head" d="M` +
				tenths(x+80).String() + " " + tenths(y+120).String() + "l-2.5-5h5z\"/></g>\n")
		})
	}
	d.foot = y/10 + 32
}

// They also name the slices of a trace.
var svgShort = [...]string{
	Run: "runs", Holds: "call keeps the lock", Native: "without the lock",
	Waiting: "waits", Locked: "waits for the lock",
}
