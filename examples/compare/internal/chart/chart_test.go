package chart_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/compare/internal/chart"
	"github.com/quartet-go/quartet/examples/compare/internal/palette"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// table has every model, each ten times as slow as the one before.
func table() (t result.Table) {
	t = result.Table{Name: "wait", Title: "waits", Rule: "<soon>", Limit: time.Millisecond, Steps: "in flight"}
	took := time.Microsecond
	for _, e := range palette.Models {
		t.Rows = append(t.Rows, result.Row{
			Model: e.Model, Name: e.Model, Wall: took, Ideal: time.Microsecond, P50: took, P99: 2 * took, Max: 3 * took,
			Latencies: []result.Point{{Latency: took, Share: 0.5}, {Latency: 2 * took, Share: 1}},
			Levels: []result.Level{
				{At: 1, Label: "1", N: 1, Wall: took},
				{At: 10, Label: "10", N: 10, Wall: 2 * took},
			},
		})
		took *= 3
	}
	return t
}

func lanes() []result.Lanes {
	at := func(ms int) time.Time { return time.Unix(0, int64(ms)*int64(time.Millisecond)).UTC() }
	return []result.Lanes{{
		Model: "loop+pool", Name: "loop+pool", Span: 300 * time.Millisecond, Events: []quartet.Event{
			{Kind: quartet.EventQueued, Executor: "workerpool", Task: 1, Label: "heavy", At: at(0)},
			{Kind: quartet.EventStarted, Executor: "workerpool", Lane: 1, Task: 1, Label: "heavy", At: at(0)},
			{Kind: quartet.EventQueued, Executor: "eventloop", Task: 1, Label: "ping", At: at(10)},
			{Kind: quartet.EventStarted, Executor: "eventloop", Task: 1, Label: "ping", At: at(30)},
			{Kind: quartet.EventEnded, Executor: "eventloop", Task: 1, Label: "ping", At: at(30)},
			{Kind: quartet.EventSuspended, Executor: "workerpool", Lane: 1, Task: 1, Label: "heavy", At: at(100)},
			{Kind: quartet.EventResumed, Executor: "workerpool", Lane: 0, Task: 1, Label: "heavy", At: at(200)},
			{Kind: quartet.EventQueued, Executor: "eventloop", Task: 2, Label: "ping", At: at(290)},
		},
	}}
}

// heading has several lines on a phone.
const heading = "a heading of several words, so that it has several lines on a phone"

var drawn = map[string]func(width int) string{
	"ranges":    func(w int) string { return chart.Ranges(table(), w, heading) },
	"multiples": func(w int) string { return chart.Multiples(table(), w, heading) },
	"speed-up":  func(w int) string { return chart.SpeedUp(table(), w, heading) },
	"times":     func(w int) string { return chart.Times(table(), w, heading) },
	"lanes":     func(w int) string { return chart.Lanes(lanes(), "heavy", "ping", w) },
	"nothing":   func(w int) string { return chart.Multiples(result.Table{}, w, heading) },
	"no rows":   func(w int) string { return chart.SpeedUp(result.Table{}, w, heading) },
	"no lanes":  func(w int) string { return chart.Lanes(nil, "heavy", "ping", w) },
	"no ranges": func(w int) string { return chart.Ranges(result.Table{}, w, heading) },
	"no times":  func(w int) string { return chart.Times(result.Table{}, w, heading) },
}

func TestPicturesAreXMLWithoutForeignParts(t *testing.T) {
	for name, draw := range drawn {
		for _, width := range []int{360, 760} {
			svg := draw(width)
			require.Equal(t, svg, draw(width), name)
			require.NotContains(t, svg, "NaN")
			require.NotContains(t, svg, "href")
			d := xml.NewDecoder(strings.NewReader(svg))
			for {
				if _, err := d.Token(); err == io.EOF {
					break
				} else {
					require.NoError(t, err, name)
				}
			}
			require.Contains(t, svg, fmt.Sprintf(`width="%d"`, width))
		}
	}
}

// Names are in the colour of text; what a model draws is in its own.
func TestEveryModelIsNamedAndDrawnInItsColour(t *testing.T) {
	for _, e := range palette.Models {
		for _, name := range []string{"multiples", "ranges", "speed-up", "times"} {
			require.Contains(t, drawn[name](760), ">"+e.Model+"</text>", name)
			require.Contains(t, drawn[name](760), "stroke:var(--"+palette.Class(e.Model)+")", name)
		}
	}
}

// Where the page has said it, the picture has no heading.
func TestWithoutAHeading(t *testing.T) {
	for _, above := range []string{"", "said here"} {
		for _, name := range []string{"mixed", "wait", "crunch", "language"} {
			named := table()
			named.Name = name
			svg, ok := chart.Of(named, 360, above)
			require.True(t, ok)
			require.Equal(t, above != "", strings.Contains(svg, `class="head">`+above+"<"), name)
			require.Contains(t, svg, "<title>"+named.Finding()+"</title>")
		}
	}
	_, ok := chart.Of(result.Table{Name: "cost"}, 360, "")
	require.False(t, ok)
}

// The rule is a line in the picture that it judges.
func TestTheRuleIsDrawn(t *testing.T) {
	for _, name := range []string{"ranges", "multiples", "speed-up"} {
		require.Contains(t, drawn[name](760), `class="rule"`, name)
	}
	free := table()
	free.Limit = 0
	require.NotContains(t, chart.Ranges(free, 760, heading), `class="rule"`)
	require.NotContains(t, chart.Multiples(free, 760, heading), `class="rule"`)
}

var words = regexp.MustCompile(`<text x="([0-9.-]+)" y="([0-9.-]+)"( text-anchor="[a-z]+")?[^>]*>([^<]*)<`)

// No words leave a picture, or meet others, on a phone or on a desk.
func TestWordsHaveRoom(t *testing.T) {
	type place struct {
		x, y, wide float64
		words      string
	}
	for name, draw := range drawn {
		for _, width := range []int{360, 760} {
			var placed []place
			for _, m := range words.FindAllStringSubmatch(draw(width), -1) {
				p := place{wide: 6.6 * float64(len([]rune(m[4]))), words: m[4]}
				p.x, _ = strconv.ParseFloat(m[1], 64)
				p.y, _ = strconv.ParseFloat(m[2], 64)
				switch m[3] {
				case ` text-anchor="middle"`:
					p.x -= p.wide / 2
				case ` text-anchor="end"`:
					p.x -= p.wide
				}
				require.GreaterOrEqual(t, p.x, 0.0, "%s: %s", name, p.words)
				require.LessOrEqual(t, p.x+p.wide, float64(width), "%s: %s", name, p.words)
				for _, o := range placed {
					require.False(t, p.x < o.x+o.wide && o.x < p.x+p.wide && p.y < o.y+12 && o.y < p.y+12,
						"%s, %d pixels: %q meets %q", name, width, p.words, o.words)
				}
				placed = append(placed, p)
			}
			require.NotEmpty(t, placed, name)
		}
	}
}

// Every axis has a name and a unit.
func TestAxesAreNamed(t *testing.T) {
	for name, want := range map[string][]string{
		"ranges":    {"latency, log scale: p50 to p99, thin to worst →", ">1 ms<", "rule: p99 below 1 ms"},
		"multiples": {"Each picture: how much of the ideal is", "The line is the rule: 0 %."},
		"speed-up":  {"speed-up over inline, times →", ">× 1<", ">rule<", ">ideal<"},
		"times":     {"time for the same work →", ">0 s<"},
		"lanes":     {"time since the first request →", ">300 ms<"},
	} {
		for _, w := range want {
			require.Contains(t, strings.Join(strings.Split(drawn[name](760), "\n"), " "), w, name)
		}
	}
}

func TestLanesShowWhoWaits(t *testing.T) {
	svg := drawn["lanes"](760)
	require.Contains(t, svg, "1 pings answered, worst 20 ms")
	require.Less(t, strings.Index(svg, ">worker 0<"), strings.Index(svg, ">worker 1<"))
	require.Contains(t, svg, ">loop<")
	// From 0 to 100 ms on worker 1, from 200 ms on, to the end, on worker 0.
	bars := regexp.MustCompile(`d="M([0-9.]+) [0-9.]+H([0-9.]+)v`).FindAllStringSubmatch(svg, -1)
	require.Len(t, bars, 3)
	at := func(ms float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", 92+(760-92-28)*ms/300), ".0") }
	ends := map[string]string{}
	for _, b := range bars {
		ends[b[1]] = b[2]
	}
	require.Equal(t, at(100)[:3], ends[at(0)][:3])
	require.Equal(t, at(300), ends["518.6"])
}

func ExampleSpeedUp() {
	t := result.Table{Name: "crunch", Rows: []result.Row{
		{Model: "inline", Name: "inline", Wall: 4 * time.Second, Ideal: time.Second},
		{Model: "pool(k)", Name: "pool(2)", Wall: 2 * time.Second, Ideal: time.Second},
	}}
	fmt.Println(regexp.MustCompile(`>([0-9.]+)</text>`).FindAllStringSubmatch(chart.SpeedUp(t, 760, heading), -1))
	// Output: [[>1.00</text> 1.00] [>2.00</text> 2.00]]
}
