// Package page writes a report as one HTML file: no script, nothing from elsewhere, light or dark as the reader's system
// is, readable on a phone and on a desk.
package page

import (
	_ "embed"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/quartet-go/quartet/examples/compare/internal/chart"
	"github.com/quartet-go/quartet/examples/compare/internal/palette"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

// The widths that pictures are drawn for, in pixels: those of the column of text on a desk and on a phone, and the margins
// of a chart and of a timeline, which stand outside it.
const (
	desk           = 868
	phone          = 358
	chartMargin    = 12
	timelineMargin = 8
)

//go:embed page.html
var source string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"measured": result.Measured,
	"ratio":    result.Ratio,
	"cores":    result.Cores,
	"step":     func(levels []result.Level, i int) result.Level { return levels[min(i, len(levels)-1)] },
	"mark":     func(model string) template.HTML { return template.HTML(chart.Mark(model)) },
	"class":    func(o verdict.Outcome) string { return strings.ToLower(strings.ReplaceAll(string(o), " ", "-")) },
	"join":     func(names []string) string { return strings.Join(names, ", then ") },
}).Parse(source))

// section is a table with its picture, if it has one, drawn for each width.
type section struct {
	result.Table
	Pictures []drawn
}

// drawn is a picture for each width.
type drawn struct{ Desk, Phone template.HTML }

type content struct {
	*result.Report
	CSS       template.CSS
	Real      string // a real runtime's row, if there is one
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
	return page.Execute(w, content{r, template.CSS(css(r)), aReal(r), sections(r, heavy, ping), frames, locks})
}

// aReal is the first row of a real runtime.
func aReal(r *result.Report) string {
	for _, t := range r.Tables {
		for _, row := range t.Rows {
			if row.Kind == result.Real {
				return row.Model
			}
		}
	}
	return ""
}

// css are the colours of all models on the page: those that explain the lines, and those of the tables.
func css(r *result.Report) string {
	models := []string{"pool(k)", "loop+pool"}
	for _, t := range r.Tables {
		for _, row := range t.Rows {
			if !slices.Contains(models, row.Model) {
				models = append(models, row.Model)
			}
		}
	}
	return palette.CSS(":root", models...)
}

func sections(r *result.Report, heavy, ping string) (all []section) {
	for _, t := range r.Tables {
		s := section{Table: t}
		if _, ok := chart.Of(t, desk); ok {
			s.draw(func(w int) string { svg, _ := chart.Of(t, w); return svg })
		}
		if t.Name == "mixed" && len(r.Lanes) > 0 {
			s.draw(func(w int) string { return chart.Lanes(r.Lanes, heavy, ping, w) })
		}
		all = append(all, s)
	}
	return all
}

func (s *section) draw(picture func(width int) string) {
	of := func(column int) template.HTML { return template.HTML(picture(column + 2*chartMargin)) }
	s.Pictures = append(s.Pictures, drawn{of(desk), of(phone)})
}
