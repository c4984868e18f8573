package main

import (
	"fmt"
	"strings"
)

// Sizes of the picture.
const (
	svgWidth, svgHeight   = 760, 440
	svgLeft, svgTop       = 80, 50
	svgPlotX, svgPlotY    = 640, 300
	svgTenths             = 10
	svgColumns, svgLevels = svgPlotX * svgTenths, svgPlotY * svgTenths
)

// svg draws the chart as a picture: a line for each model with its band, the closed form of one
// lock dashed, and its knee.
func (a *answer) svg() string {
	var b strings.Builder
	top := a.top() * 1.05
	last := a.curves[0].figures[len(a.curves[0].figures)-1].threads
	x := func(threads int) float64 {
		return svgLeft + float64(columnOf(threads, svgColumns+1, last))/svgTenths
	}
	y := func(rate float64) float64 {
		return svgTop + svgPlotY - float64(int(rate/top*svgLevels))/svgTenths
	}
	fmt.Fprintf(&b,
		`<svg xmlns="http://www.w3.org/2000/svg" class="w-svg" role="img" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d">`+"\n", svgWidth, svgHeight)
	b.WriteString("<title>Requests per second against threads</title>\n" + svgStyle)
	fmt.Fprintf(&b,
		`<rect class="w-page" width="100%%" height="100%%"/><text x="%d" y="26">requests per second, %v of CPU (%d %% under the lock), %v of waiting, %d cores</text>`+"\n",
		svgLeft, a.cpu, a.locked, a.wait, a.cores)
	step := roundStep(top / 5)
	for rate := 0.0; rate <= top; rate += step {
		fmt.Fprintf(&b,
			`<path class="w-grid" d="M%d %.1fh%d"/><text class="w-dim" text-anchor="end" x="%d" y="%.1f">%.0f</text>`+"\n",
			svgLeft, y(rate), svgPlotX, svgLeft-8, y(rate)+4, rate)
	}
	for _, f := range a.curves[0].figures {
		fmt.Fprintf(&b, `<text class="w-dim" text-anchor="middle" x="%.1f" y="%d">%d</text>`+"\n", x(f.threads),
			svgTop+svgPlotY+18, f.threads)
	}
	fmt.Fprintf(&b, `<text class="w-dim" text-anchor="middle" x="%d" y="%d">threads</text>`+"\n", svgLeft+svgPlotX/2,
		svgTop+svgPlotY+36)
	a.knees(&b, x, last)
	for i, c := range a.curves {
		drawCurve(&b, i, c, x, y)
	}
	a.dashes(&b, x, y, last)
	for i, c := range a.curves {
		at := svgLeft + i*150
		fmt.Fprintf(&b, `<path class="w-line w-%d" d="M%d %dh22"/><text x="%d" y="%d">%s</text>`+"\n", i, at,
			svgHeight-24, at+28, svgHeight-20, c.name)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// roundStep is 1, 2 or 5 times a power of ten, and not below least.
func roundStep(least float64) float64 {
	for step := 1.0; ; step *= 10 {
		for _, times := range []float64{1, 2, 5} {
			if step*times >= least {
				return step * times
			}
		}
	}
}

// drawCurve draws a model's band, line and points.
func drawCurve(b *strings.Builder, i int, c curve, x func(int) float64, y func(float64) float64) {
	var line, upper, lower strings.Builder
	for k, f := range c.figures {
		verb := "L"
		if k == 0 {
			verb = "M"
		}
		fmt.Fprintf(&line, "%s%.1f %.1f", verb, x(f.threads), y(f.perSecond.median))
		fmt.Fprintf(&upper, "%s%.1f %.1f", verb, x(f.threads), y(f.perSecond.most))
	}
	for k := len(c.figures) - 1; k >= 0; k-- {
		f := c.figures[k]
		fmt.Fprintf(&lower, "L%.1f %.1f", x(f.threads), y(f.perSecond.least))
	}
	fmt.Fprintf(b, `<path class="w-band w-f%d" d="%s%sz"/><path class="w-line w-%[1]d" d="%[4]s"/>`+"\n", i,
		upper.String(), lower.String(), line.String())
	for _, f := range c.figures {
		fmt.Fprintf(b,
			`<circle class="w-f%d" cx="%.1f" cy="%.1f" r="3"><title>%s, %d threads: %.0f requests per second (%.0f–%.0f), 99 of 100 within %.1f ms</title></circle>`+"\n",
			i, x(f.threads), y(f.perSecond.median), c.name, f.threads, f.perSecond.median, f.perSecond.least,
			f.perSecond.most, f.p99.median)
	}
}

// dashes draws the closed form of one lock.
func (a *answer) dashes(b *strings.Builder, x func(int) float64, y func(float64) float64, last int) {
	b.WriteString(`<path class="w-bound" d="`)
	for n := 1; n <= last; n++ {
		verb := "L"
		if n == 1 {
			verb = "M"
		}
		fmt.Fprintf(b, "%s%.1f %.1f", verb, x(n), y(a.bound(a.curves[0].model, n)))
	}
	b.WriteString(`"><title>the most that one lock can do</title></path>` + "\n")
}

// knees marks where one lock is always held.
func (a *answer) knees(b *strings.Builder, x func(int) float64, last int) {
	knee := a.curves[0].knee
	if knee < 1 || knee > float64(last) {
		return
	}
	below := int(knee)
	at := x(below) + (x(min(last, below+1))-x(below))*(knee-float64(below))
	fmt.Fprintf(b, `<path class="w-knee" d="M%.1f %dv%d"/><text class="w-dim" x="%.1f" y="%d">one lock's knee: %.1f threads</text>`+"\n",
		at, svgTop, svgPlotY, at+5, svgTop-4, knee)
}

const svgStyle = `<style>
.w-svg{font-family:system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;font-size:13px}
.w-page{fill:#fff}
.w-svg text{fill:#222}
.w-svg .w-dim{fill:#666;font-size:12px}
.w-grid{stroke:#e3e3e3}
.w-line{fill:none;stroke-width:2.2}
.w-band{opacity:.18}
.w-bound,.w-knee{fill:none;stroke:#555;stroke-width:1.2;stroke-dasharray:5 4}
.w-knee{stroke-dasharray:2 3}
.w-0{stroke:#d55e00}.w-f0{fill:#d55e00}
.w-1{stroke:#009e73;stroke-dasharray:9 3}.w-f1{fill:#009e73}
.w-2{stroke:#0072b2;stroke-dasharray:3 2}.w-f2{fill:#0072b2}
.w-3{stroke:#cc79a7}.w-f3{fill:#cc79a7}
@media (prefers-color-scheme:dark){
.w-page{fill:#16181c}
.w-svg text{fill:#e6e6e6}
.w-svg .w-dim{fill:#a0a4aa}
.w-grid{stroke:#33373d}
.w-bound,.w-knee{stroke:#aaa}
.w-0{stroke:#ff8a3d}.w-f0{fill:#ff8a3d}
.w-1{stroke:#12b886}.w-f1{fill:#12b886}
.w-2{stroke:#56b4e9}.w-f2{fill:#56b4e9}
.w-3{stroke:#e79fc9}.w-f3{fill:#e79fc9}
}
</style>
`
