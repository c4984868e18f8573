// Package article writes docs/article.md from a report: statements about Node and Python, with a
// verdict and figures each.
package article

import (
	_ "embed"
	"fmt"
	"io"
	"strings"
	"text/template"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/verdict"
)

//go:embed article.md.tmpl
var source string

var page = template.Must(template.New("article").Funcs(template.FuncMap{
	"measured": result.Measured,
}).Parse(source))

// Opinion is what the verdicts on its claims say about a statement.
type Opinion string

// The opinions.
const (
	Right       Opinion = "RIGHT"
	HalfRight   Opinion = "HALF RIGHT"
	Wrong       Opinion = "WRONG"
	Undecided   Opinion = "INCONCLUSIVE"
	NotMeasured Opinion = "NOT MEASURED"
)

// Judged is a statement with its opinion and its measurements.
type Judged struct {
	Statement
	Opinion Opinion
	Figures []string
}

// Chapter is a topic that has been judged.
type Chapter struct {
	Name   string
	Judged []Judged
}

// Judge gives an opinion on s. It panics when no claim has a text that s names.
func (s Statement) Judge(vs []verdict.Verdict) Judged {
	j := Judged{Statement: s}
	yes, no, open := 0, 0, 0
	for _, text := range s.Claims {
		name, negated := strings.CutPrefix(text, "!")
		v := of(name, vs)
		switch v.Outcome {
		case verdict.Holds, verdict.DoesNotHold:
			if (v.Outcome == verdict.Holds) != negated {
				yes++
			} else {
				no++
			}
		case verdict.Unmeasured:
			j.Opinion = NotMeasured
			open++
		default:
			open++
		}
		if v.Outcome == verdict.Unmeasured {
			continue
		}
		j.Figures = append(j.Figures,
			fmt.Sprintf("*%s* %s: %s", v.Claim, strings.ToLower(string(v.Outcome)), v.Evidence))
	}
	switch {
	case yes > 0 && no > 0:
		j.Opinion = HalfRight
	case open > 0 && j.Opinion == "":
		j.Opinion = Undecided
	case open > 0:
	case yes > 0:
		j.Opinion = Right
	default:
		j.Opinion = Wrong
	}
	return j
}

func of(claim string, vs []verdict.Verdict) verdict.Verdict {
	for _, v := range vs {
		if v.Claim == claim {
			return v
		}
	}
	panic("article: no claim " + claim)
}

// content is what the text is made of.
type content struct {
	*result.Report
	Chapters []Chapter
	Mixed    result.Table
}

// Write writes the article. Its verdicts are those of the report's figures.
func Write(w io.Writer, r *result.Report) error {
	vs := verdict.Judge(r.Evidence())
	c := content{Report: r}
	for _, t := range r.Tables {
		if t.Name == "mixed" {
			c.Mixed = t
		}
	}
	for _, topic := range Topics {
		ch := Chapter{Name: topic.Name}
		for _, s := range topic.Statements {
			ch.Judged = append(ch.Judged, s.Judge(vs))
		}
		c.Chapters = append(c.Chapters, ch)
	}
	return page.Execute(w, c)
}
