package inspect

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/quartet-go/quartet"
)

var (
	//go:embed page.html
	pageSource string
	//go:embed page.css
	pageStyle string
	//go:embed page.js
	pageScript string
)

// policy lets the page run its own script and nothing else. style-src is unsafe-inline for the
// pictures, whose styles are theirs; a script has to be the page's own. connect-src is for the
// page's own refresh, by which the script fetches the page again.
var policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
	"script-src 'sha256-" + sum(pageScript) + "'"

// sum is the hash of a script, as a Content-Security-Policy wants it. It is over the text between
// the tags, to the byte.
func sum(script string) string {
	s := sha256.Sum256([]byte(script))
	return base64.StdEncoding.EncodeToString(s[:])
}

// The template escapes all text. Only the style, the script and the pictures are marked as safe:
// the first two are files of this package, and package draw escapes what it writes. It is parsed
// once, when the program starts; a template that does not parse is a bug of this package, and
// panics then.
var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"round":   round,
	"rate":    rateText,
	"bytes":   bytesText,
	"holders": (*Lock).holders,
	"percent": func(share float64) float64 { return 100 * share },
	"style":   func() template.CSS { return template.CSS(pageStyle) },
	// A template would change the script, and its hash in the header would be wrong.
	"script": func() template.HTML { return template.HTML("<script>" + pageScript + "</script>") },
}).Parse(pageSource))

// card is the part of the page about one executor. ID is unique on the page, and the same at each
// refresh: it is made of the executor's place. The script finds a card by it and keeps what the
// reader has opened.
type card struct {
	Executor
	ID         string
	Lanes      []lanes
	Left       int // lanes that are left out
	Histograms []histogram
}

// lanes is the picture of the last seconds, for a desk or for a phone. SVG is safe as HTML: package
// draw writes it. Class says for which of the two.
type lanes struct {
	Class string
	SVG   template.HTML
}

// writeHTML draws each picture twice, for a wide and for a narrow screen; the style shows one of
// them. An executor without events has no picture: WriteSVG returns an error then, and the card
// says so by having no lanes. t is never nil: an executor without a record has an empty Timeline.
func (p *Page) writeHTML(b *bytes.Buffer) error {
	s := p.Snapshot()
	data := struct {
		Snapshot
		Window time.Duration
		Cards  []card
	}{Snapshot: s, Window: window}
	for i, x := range s.Executors {
		c := card{Executor: x, ID: fmt.Sprintf("x%d", i), Histograms: []histogram{
			newHistogram("Queue wait", x.Stats.QueueWait), newHistogram("Run time", x.Stats.RunTime),
		}}
		var t *quartet.Timeline
		t, c.Left = p.subjects[i].timeline(s.At)
		for _, form := range []struct {
			class string
			width int
		}{{"desk", 940}, {"phone", 350}} {
			var svg strings.Builder
			if t.WriteSVG(&svg, form.width) == nil {
				c.Lanes = append(c.Lanes, lanes{form.class, template.HTML(svg.String())})
			}
		}
		data.Cards = append(data.Cards, c)
	}
	return page.Execute(b, data)
}
