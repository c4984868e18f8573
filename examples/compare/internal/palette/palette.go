// Package palette gives each model of compare its colour: the same in every picture, readable by the colour-blind, on light
// and on dark paper.
package palette

import (
	"fmt"
	"strings"
)

// Ink is how a model is drawn.
type Ink struct {
	Light, Dark string // its colour on light and on dark paper, as #rrggbb
	Dash        Dash
}

// Dash is the pattern of a line, as SVG's stroke-dasharray. It says what stands behind a row, where the colour says who does
// the work.
type Dash string

// The patterns.
const (
	Solid      Dash = ""        // the model itself
	Dashed     Dash = "6 3"     // a loop that leaves work to helpers, in the helpers' colour
	Dotted     Dash = "2 2"     // a real runtime
	DashDotted Dash = "8 3 2 3" // a real runtime's loop that leaves work to helpers
)

// Entry is a model and its ink.
type Entry struct {
	Model string
	Ink   Ink
}

// Models has every row that compare knows, in the order in which they are shown.
var Models = []Entry{
	{"inline", Ink{"#82888f", "#8d939b", Solid}},
	{"loop", Ink{"#0b3fd0", "#2f78ff", Solid}},
	{"loop+pool", green.as(Dashed)},
	{"loop+processes", ochre.as(Dashed)},
	{"loop+gil thread", orange.as(Dashed)},
	{"gil threads", orange},
	{"gil per interpreter", Ink{"#96188f", "#e58af0", Solid}},
	{"pool(k)", green},
	{"processes(k)", ochre},
	{"goroutines", Ink{"#2f98cc", "#c3eefa", Solid}},
	{"node", Ink{"#3d7d00", "#a3d65c", Dotted}},
	{"python asyncio", violet.as(Dotted)},
	{"python to_thread", violet.as(DashDotted)},
}

var (
	green  = Ink{"#0a5c3c", "#2fe096", Solid}
	ochre  = Ink{"#7a5200", "#f2cf45", Solid}
	orange = Ink{"#f06a12", "#ee5a48", Solid}
	violet = Ink{"#5f50c8", "#aea4ff", Solid}
)

// as is the same colour in another pattern.
func (i Ink) as(d Dash) Ink {
	i.Dash = d
	return i
}

// Surfaces of a picture. Bad is what breaks a rule, Good what holds.
var (
	Paper = Ink{Light: "#ffffff", Dark: "#14171c"}
	Text  = Ink{Light: "#1c2026", Dark: "#e8eaed"}
	Dim   = Ink{Light: "#5c636d", Dark: "#9aa2ad"}
	Grid  = Ink{Light: "#e3e6ea", Dark: "#2d333b"}
	Bad   = Ink{Light: "#b3261e", Dark: "#ff9d94"}
	Good  = Ink{Light: "#17693f", Dark: "#6fd6a0"}
)

// other is for rows that are not in Models.
var other = Ink{"#8c5a3c", "#d3a283", Solid}

// Of returns a model's ink; all that compare does not know have one.
func Of(model string) Ink {
	for _, e := range Models {
		if e.Model == model {
			return e.Ink
		}
	}
	return other
}

// Class is the name of a model's colour in CSS: the page's rules are var(--Class), its value follows the reader's theme.
func Class(model string) string {
	return "m-" + strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(model)), "-")
}

// CSS defines a custom property for each of the given models and for each surface, for the elements that selector names,
// in both themes.
func CSS(selector string, models ...string) string {
	var light, dark strings.Builder
	add := func(name string, ink Ink) {
		fmt.Fprintf(&light, "--%s:%s;", name, ink.Light)
		fmt.Fprintf(&dark, "--%s:%s;", name, ink.Dark)
	}
	for _, s := range []struct {
		name string
		ink  Ink
	}{{"paper", Paper}, {"text", Text}, {"dim", Dim}, {"grid", Grid}, {"bad", Bad}, {"good", Good}} {
		add(s.name, s.ink)
	}
	for _, m := range models {
		add(Class(m), Of(m))
	}
	return fmt.Sprintf("%s{%s}\n@media (prefers-color-scheme:dark){%[1]s{%[3]s}}\n", selector, light.String(), dark.String())
}
