// Package page writes a report as one HTML file: no script, nothing from elsewhere, light or dark as the reader's system
// is, readable on a phone and on a desk.
package page

import (
	_ "embed"
	"html/template"
	"io"
	"strings"

	"github.com/quartet-go/quartet/examples/compare/internal/chart"
	"github.com/quartet-go/quartet/examples/compare/internal/palette"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

// The widths that pictures are drawn for, in pixels.
const (
	desk  = 760
	phone = 430 // made smaller to fit
)

//go:embed page.html
var source string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"measured": result.Measured,
	"ratio":    result.Ratio,
	"cores":    result.Cores,
	"ink":      palette.Class,
	"class":    func(o verdict.Outcome) string { return strings.ToLower(strings.ReplaceAll(string(o), " ", "-")) },
	"join":     func(names []string) string { return strings.Join(names, ", then ") },
}).Parse(source))

// section is a table with its picture, if it has one, drawn for each width.
type section struct {
	result.Table
	Pictures []drawn
}

type drawn struct {
	About       string
	Desk, Phone template.HTML
}

type content struct {
	*result.Report
	CSS       template.CSS
	Sections  []section
	Frames    []Frame
	Timelines []Timeline
}

// Write writes r as a page. heavy and ping are the labels of the tasks in r.Lanes.
func Write(w io.Writer, r *result.Report, heavy, ping string) error {
	frames, err := turns(6)
	if err != nil {
		return err
	}
	locks, err := timelines()
	if err != nil {
		return err
	}
	return page.Execute(w, content{r, template.CSS(css(r)), sections(r, heavy, ping), frames, locks})
}

// css are the colours of all models on the page.
func css(r *result.Report) string {
	seen := make(map[string]bool)
	var models []string
	for _, t := range r.Tables {
		for _, row := range t.Rows {
			if !seen[row.Model] {
				seen[row.Model] = true
				models = append(models, row.Model)
			}
		}
	}
	return palette.CSS(":root", models...)
}

// about says what the picture of a table shows.
var about = map[string]string{
	"mixed":  "How many pings were answered within what time.",
	"wait":   "Waits per second, by how many are in flight; the thin line is the ideal.",
	"crunch": "How many times as fast as inline.",
	"chat":   "How many receivers had a message within what time.",
}

func sections(r *result.Report, heavy, ping string) (all []section) {
	for _, t := range r.Tables {
		s := section{Table: t}
		if _, ok := chart.Of(t, desk); ok {
			s.draw(about[t.Name], func(w int) string { svg, _ := chart.Of(t, w); return svg })
		}
		if t.Name == "mixed" && len(r.Lanes) > 0 {
			s.draw("The first steps, as the executors told them.", func(w int) string { return chart.Lanes(r.Lanes, heavy, ping, w) })
		}
		all = append(all, s)
	}
	return all
}

func (s *section) draw(about string, picture func(width int) string) {
	s.Pictures = append(s.Pictures, drawn{about, template.HTML(picture(desk)), template.HTML(picture(phone))})
}
