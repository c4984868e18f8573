// Package page writes a report as one HTML file: no script, nothing from elsewhere, light or dark
// as the reader's system is, readable on a phone and on a desk.
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

// The widths that pictures are drawn for, in pixels: those of the column of text on a desk and on a
// phone, and the margins of a chart and of a timeline, which stand outside it.
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
	"class":    func(o verdict.Outcome) string { return strings.ReplaceAll(words(o), " ", "-") },
	"words":    words,
	"join":     func(names []string) string { return strings.Join(names, ", then ") },
}).Parse(source))

// section is a table with its picture, if it has one, drawn for each width.
type section struct {
	result.Table
	Pictures []drawn
}

// drawn is a picture for each width.
type drawn struct{ Desk, Phone template.HTML }

// words are an outcome within a sentence.
func words(o verdict.Outcome) string { return strings.ToLower(string(o)) }

// reason is why some claims were not judged.
type reason struct {
	Why    verdict.Why
	Claims []string
}

type content struct {
	*result.Report
	CSS        template.CSS
	Real       string    // a real runtime's row, if there is one
	Findings   []section // what the page begins with
	Sections   []section // a picture that is among the findings is not there again
	Program    string    // of the loop's steps
	Frames     []Frame
	Timelines  []Timeline
	Unmeasured []reason
}

// first are the workloads whose findings the page begins with.
var first = []string{"mixed", "wait", "crunch"}

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
	c := content{
		Report: r, CSS: template.CSS(css(r)), Real: aReal(r), Program: program, Frames: frames, Timelines: locks,
		Unmeasured: unmeasured(r.Verdicts),
	}
	for _, s := range sections(r, heavy, ping) {
		if slices.Contains(first, s.Name) {
			c.Findings = append(c.Findings, s)
			s.Pictures = nil
		}
		c.Sections = append(c.Sections, s)
	}
	return page.Execute(w, c)
}

// unmeasured are the claims that were not judged, by their reasons.
func unmeasured(vs []verdict.Verdict) (all []reason) {
	for _, why := range verdict.Whys {
		var claims []string
		for _, v := range vs {
			if v.Why == why {
				claims = append(claims, v.Claim)
			}
		}
		if claims != nil {
			all = append(all, reason{why, claims})
		}
	}
	return all
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

// css are the colours of all models on the page: those that explain the lines, and those of the
// tables.
func css(r *result.Report) string {
	models := []string{"pool(k)", "loop+pool", "loops(k)"}
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
		s, heading := section{Table: t}, t.Finding()
		if slices.Contains(first, t.Name) {
			heading = "" // it stands above the picture
		}
		if _, ok := chart.Of(t, desk, ""); ok {
			s.draw(func(w int) string { svg, _ := chart.Of(t, w, heading); return svg })
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
