// Package chart draws what compare found as SVG: alone, or inside a page, light or dark as the
// reader's system is. Each function returns one element, of the width that it is given in CSS
// pixels, with text of one size, so that a page can have one for a phone and one for a desk.
// Positions are whole tenths of a pixel: every machine draws the same.
package chart

import (
	"fmt"
	"html"
	"strings"

	"github.com/quartet-go/quartet/examples/compare/internal/palette"
)

// tenth is a length in tenths of a pixel.
type tenth int

func px(n int) tenth { return tenth(10 * n) }

func (t tenth) String() string {
	if t%10 == 0 {
		return fmt.Sprint(int(t) / 10)
	}
	sign := ""
	if t < 0 {
		sign, t = "-", -t
	}
	return fmt.Sprintf("%s%d.%d", sign, int(t)/10, int(t)%10)
}

// Text is 12 pixels high, and as wide as this for each letter, about; a heading's letters are
// wider.
const (
	textHeight tenth = 140
	letter     tenth = 70
	boldLetter tenth = 78
	margin     tenth = 120 // around what is drawn
)

func textWidth(s string) tenth { return letter * tenth(len([]rune(s))) }

// wrapped breaks s into lines that fit.
func wrapped(s string, wide tenth) []string { return broken(s, wide/letter) }

// broken breaks s into lines of so many letters.
func broken(s string, letters tenth) (lines []string) {
	for word := range strings.FieldsSeq(s) {
		if n := len(lines); n > 0 && len([]rune(lines[n-1]+" "+word)) <= int(letters) {
			lines[n-1] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}

// canvas is a picture that is being drawn.
type canvas struct {
	b             strings.Builder
	width, height tenth
}

// open begins the picture of these models; title and what it shows are for those who do not see it.
// The heading is text in the picture, where there is one: it grows upwards, so that the rest of the
// picture stays at its place.
func (c *canvas) open(heading, title, shows string, models []string) {
	lines := broken(heading, (c.width-2*margin)/boldLetter)
	up := px(16)*tenth(len(lines)-1) - px(4)
	if heading != "" {
		up += px(4)
	}
	fmt.Fprintf(&c.b,
		`<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" viewBox="0 %v %v %v" width="%[2]v" height="%[3]v">`+"\n", -up, c.width, c.height+up)
	fmt.Fprintf(&c.b, "<title>%s</title><desc>%s</desc>\n<style>\n%s%s</style>\n", html.EscapeString(title),
		html.EscapeString(shows), palette.CSS(".chart", models...), style)
	fmt.Fprintf(&c.b, `<rect class="paper" y="%v" width="%v" height="%v"/>`+"\n", -up, c.width, c.height+up)
	for i, line := range lines {
		c.text(textAt{x: margin, y: px(20+16*i) - up, class: "head"}, line)
	}
}

// The texts' rule names font and size, so that those of a page around them do not count.
const style = `.chart{max-width:100%;height:auto}
.chart text{font:12px system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;fill:var(--text)}.chart .dim{fill:var(--dim)}.chart .head{font-weight:600}
.chart .paper{fill:var(--paper)}.chart .grid{stroke:var(--grid);fill:none}
.chart .line{fill:none;stroke-width:2;stroke-linejoin:round}
.chart .rule{fill:none;stroke:var(--text);stroke-width:1.5}
.chart .ideal{fill:none;stroke:var(--dim);stroke-dasharray:2 4;stroke-width:1.5}
.chart .halo{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
`

func (c *canvas) close() string {
	c.b.WriteString("</svg>\n")
	return c.b.String()
}

func (c *canvas) printf(format string, args ...any) { fmt.Fprintf(&c.b, format+"\n", args...) }

// textAt is where and how a text stands. anchor is start, middle or end. A text never has a model's
// colour: that of a line may be too pale for letters.
type textAt struct {
	x, y          tenth
	anchor, class string
}

func (c *canvas) text(at textAt, s string) {
	attrs := ""
	if at.anchor != "" && at.anchor != "start" {
		attrs += fmt.Sprintf(` text-anchor="%s"`, at.anchor)
	}
	if at.class != "" {
		attrs += fmt.Sprintf(` class="%s"`, at.class)
	}
	c.printf(`<text x="%v" y="%v"%s>%s</text>`, at.x, at.y, attrs, html.EscapeString(s))
}

// color is a model's, as CSS.
func color(model string) string { return "var(--" + palette.Class(model) + ")" }

// ink is how a model's line is drawn, as CSS.
func ink(model string) string {
	style := "stroke:" + color(model)
	if dash := palette.DashOf(model); dash != palette.Solid {
		style += ";stroke-dasharray:" + string(dash)
	}
	return style
}

// Mark is a bit of a model's line, to stand before its name in a page that has the palette's
// colours.
func Mark(model string) string {
	return fmt.Sprintf(`<svg class="mark" viewBox="0 0 20 8" width="20" height="8" aria-hidden="true"><path style="%s;stroke-width:6" d="M0 4H20"/></svg>`, ink(model))
}

// axisNames writes the name of the upward axis above the plot, and of the other one below it.
func (c *canvas) axisNames(up, right string, bottom tenth) {
	if up != "" {
		c.text(textAt{x: margin, y: px(38), class: "dim"}, "↑ "+up)
	}
	c.text(textAt{x: c.width - margin, y: bottom + px(38), anchor: "end", class: "dim"}, right+" →")
}
