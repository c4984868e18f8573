// Package palette gives each model of compare its colour: the same in every picture, readable by
// the colour-blind, on light and on dark paper.
package palette

import (
	"fmt"
	"slices"
	"strings"
)

// Ink is how a model is drawn.
type Ink struct {
	Light, Dark string // its colour on light and on dark paper, as #rrggbb
	Dash        Dash
}

// Dash is the pattern of a line, as SVG's stroke-dasharray. The dash shows the kind of a row, the
// colour shows who does the work.
type Dash string

// The patterns.
const (
	Solid      Dash = ""            // the model itself
	Dashed     Dash = "6 3"         // a loop that leaves work to helpers, in the helpers' colour
	Dotted     Dash = "2 2"         // a real runtime
	DashDotted Dash = "8 3 2 3"     // its loop that leaves work to threads
	DashDots   Dash = "9 2 2 2 2 2" // its threads, or its processes behind one listener
	Long       Dash = "12 2"        // several of the same, in the colour of one
)

// Entry is a model and its ink.
type Entry struct {
	Model string
	Ink   Ink
}

// Models has the rows of the library, in the order in which they are shown.
var Models = []Entry{
	{"inline", Ink{"#82888f", "#8d939b", Solid}},
	{"loop", Ink{"#0b3fd0", "#2f78ff", Solid}},
	{"loops(k)", Ink{"#0b3fd0", "#2f78ff", Long}},
	{"loop+pool", green.as(Dashed)},
	{"loop+processes", ochre.as(Dashed)},
	{"loop+gil thread", orange.as(Dashed)},
	{"gil threads", orange},
	{"gil per interpreter", Ink{"#96188f", "#e58af0", Solid}},
	{"pool(k)", green},
	{"processes(k)", ochre},
	{"goroutines", Ink{"#2f98cc", "#c3eefa", Solid}},
}

var (
	green  = Ink{"#0a5c3c", "#2fe096", Solid}
	ochre  = Ink{"#7a5200", "#f2cf45", Solid}
	orange = Ink{"#f06a12", "#ee5a48", Solid}
)

// as is the same colour in another pattern.
func (i Ink) as(d Dash) Ink {
	i.Dash = d
	return i
}

// Surfaces of a picture. What breaks a rule has no colour of its own: a mark and words say it, so
// that a hue is a model.
var (
	Paper = Ink{Light: "#ffffff", Dark: "#14171c"}
	Text  = Ink{Light: "#1c2026", Dark: "#e8eaed"}
	Dim   = Ink{Light: "#5c636d", Dark: "#9aa2ad"}
	Grid  = Ink{Light: "#e3e6ea", Dark: "#2d333b"}
)

// languages have real runtimes: the programs of one have shades of a hue, in the order in which
// they come.
var languages = []struct {
	name   string
	shades []Ink
}{
	{"node", []Ink{{"#307e07", "#a3d65c", Dotted}, {"#47562e", "#537114", Dotted}}},
	{"python", []Ink{{"#4b55c3", "#a99efa", Dotted}, {"#8b77b6", "#5c69ff", Dotted}, {"#0d077e", "#e8e4f1", Dotted}}},
}

// ways are the patterns of the ways to serve in a runtime, which a row's name ends with.
var ways = map[string]Dash{
	" to_thread": DashDotted, " threads": DashDots, " asyncio": Dotted, " cluster": DashDots,
	" processes": Long,
}

// other is for rows that are not known at all.
var other = Ink{"#8c5a3c", "#d3a283", Solid}

// Inks returns the inks of models that are shown together.
func Inks(models ...string) (inks []Ink) {
	programs := make(map[string][]string) // of a language
	for _, model := range models {
		inks = append(inks, ink(model, programs))
	}
	return inks
}

func ink(model string, programs map[string][]string) Ink {
	for _, e := range Models {
		if e.Model == model {
			return e.Ink
		}
	}
	for _, l := range languages {
		if !strings.HasPrefix(model, l.name) {
			continue
		}
		program, dash := model, Dotted
		for way, d := range ways {
			if before, ok := strings.CutSuffix(model, way); ok {
				program, dash = before, d
			}
		}
		if !slices.Contains(programs[l.name], program) {
			programs[l.name] = append(programs[l.name], program)
		}
		return l.shades[slices.Index(programs[l.name], program)%len(l.shades)].as(dash)
	}
	return other
}

// DashOf returns a model's pattern, which is the same beside any others.
func DashOf(model string) Dash { return Inks(model)[0].Dash }

// Class is the name of a model's colour in CSS: the page's rules are var(--Class), its value
// follows the reader's theme.
func Class(model string) string {
	return "m-" + strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(model)), "-")
}

// CSS defines a custom property for each of the given models and for each surface, for the elements
// that selector names, in both themes.
func CSS(selector string, models ...string) string {
	var light, dark strings.Builder
	add := func(name string, ink Ink) {
		fmt.Fprintf(&light, "--%s:%s;", name, ink.Light)
		fmt.Fprintf(&dark, "--%s:%s;", name, ink.Dark)
	}
	for _, s := range []struct {
		name string
		ink  Ink
	}{{"paper", Paper}, {"text", Text}, {"dim", Dim}, {"grid", Grid}} {
		add(s.name, s.ink)
	}
	for i, ink := range Inks(models...) {
		add(Class(models[i]), ink)
	}
	return fmt.Sprintf("%s{%s}\n@media (prefers-color-scheme:dark){%[1]s{%[3]s}}\n", selector, light.String(),
		dark.String())
}
