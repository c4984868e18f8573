package quartet

import "time"

// svgClass and svgWords are what stretches look like, and are called.
var (
	svgClass = [...]string{looksRun: "q-run", looksHolds: "q-holds", looksNative: "q-native", looksWaiting: "q-waits", looksLocked: "q-locked"}
	svgWords = [...]string{
		looksRun: "runs", looksHolds: "runs in a call that keeps the lock", looksNative: "computes without the lock",
		looksWaiting: "waits", looksLocked: "waits for the lock",
	}
)

// svgStyle has the colours: of those that people with any colour vision tell apart, and each with a form of its own. They
// are classes, and no variables, since not every viewer knows these.
const svgStyle = `<style>
.q-svg{font-family:system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;font-size:12px}
.q-page{fill:#fff}
.q-svg text{fill:#222}
.q-svg .q-dim{fill:#666;font-size:11px}
.q-svg .q-tag{fill:#7a4a00;font-size:11.5px;paint-order:stroke;stroke:#fff;stroke-width:3px}
.q-grid{stroke:#e3e3e3;stroke-width:1}
.q-run{fill:#009e73}
.q-holds{fill:#0072b2}
.q-native{fill:#56b4e9}
.q-waits{fill:#b8b8b8}
.q-locked{fill:url(#q-hatch);stroke:#c98a00;stroke-width:.6}
.q-hb{fill:#fff3d6}
.q-hl{stroke:#d48f00;stroke-width:2.4}
.q-band{fill:#e69f00;fill-opacity:.22;stroke:#c98a00;stroke-width:.8;stroke-dasharray:3 2}
.q-lost{stroke:#c4380a;stroke-width:2;fill:none}
.q-forced{stroke:#8a2f6b;stroke-width:1.3;fill:none}
.q-forced .q-head{fill:#8a2f6b;stroke:none}
@media (prefers-color-scheme:dark){
.q-page{fill:#16181c}
.q-svg text{fill:#e6e6e6}
.q-svg .q-dim{fill:#a0a4aa}
.q-svg .q-tag{fill:#ffc65c;stroke:#16181c}
.q-grid{stroke:#33373d}
.q-run{fill:#12b886}
.q-holds{fill:#3b9be0}
.q-native{fill:#8fd0f5}
.q-waits{fill:#60656d}
.q-hb{fill:#33290f}
.q-lost{stroke:#ff7a4d}
.q-forced{stroke:#e79fc9}
.q-forced .q-head{fill:#e79fc9}
}
</style>
<defs><pattern id="q-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="q-hb" width="6" height="6"/><path class="q-hl" d="M0 0V6"/></pattern></defs>
`

// axis draws a line every so often, with its time.
func (d *drawing) axis() {
	length := d.end.Sub(d.begin)
	step := tickStep(length, min(8, d.plot/60))
	for at := time.Duration(0); at <= length; at += step {
		x := d.x(d.begin.Add(at))
		d.b.WriteString(`<path class="q-grid" d="M` + tenths(x).String() + " 8V" + tenths(d.bottom).String() + "\"/>\n")
		d.text("q-dim", "middle", x, d.bottom+140, at.String())
	}
}

// tickStep is a round length of which at most so many make the whole.
func tickStep(length time.Duration, most int) time.Duration {
	n := time.Duration(most)
	step := time.Duration(1)
	for i := 0; step < 10*time.Second; i++ {
		if length/step <= n {
			return step
		}
		step = step * []time.Duration{2, 5, 2}[i%3] / []time.Duration{1, 2, 1}[i%3]
	}
	for _, step := range []time.Duration{10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour} {
		if length/step <= n {
			return step
		}
	}
	return (length / n).Truncate(time.Hour)
}

// legend explains what the picture has, in as many lines as that takes.
func (d *drawing) legend() {
	left := d.left * 10
	if d.left < svgLeft {
		left = 80
	}
	x, y := left, d.bottom+300
	entry := func(words string, sample func(x, y int)) {
		wide := 220 + len(words)*svgLetter
		if x > left && x+wide > d.width*10 {
			x, y = left, y+svgRemark*10
		}
		sample(x, y)
		d.text("q-dim", "", x+220, y+90, words)
		x += wide + 160
	}
	for _, looks := range []int{looksRun, looksHolds, looksNative, looksLocked, looksWaiting} {
		if d.shown[looks] {
			entry(svgShort[looks], func(x, y int) {
				if looks == looksWaiting {
					d.rect(svgClass[looks], x, 160, y+30, 40, svgWords[looks])
					return
				}
				d.rect(svgClass[looks], x, 160, y, 100, svgWords[looks])
			})
		}
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

var svgShort = [...]string{
	looksRun: "runs", looksHolds: "call keeps the lock", looksNative: "without the lock", looksWaiting: "waits", looksLocked: "waits for the lock",
}
