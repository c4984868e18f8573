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
	t = result.Table{Name: "wait", Title: "waits", Rule: "<soon>", Steps: "in flight"}
	took := time.Microsecond
	for _, e := range palette.Models {
		t.Rows = append(t.Rows, result.Row{
			Model: e.Model, Name: e.Model, Wall: took, Ideal: time.Microsecond, P50: took,
			Latencies: []result.Point{{Latency: took, Share: 0.5}, {Latency: 2 * took, Share: 1}},
			Levels:    []result.Level{{At: 1, Label: "1", N: 1, Wall: took}, {At: 10, Label: "10", N: 10, Wall: 2 * took}},
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

var drawn = map[string]func(width int) string{
	"latencies":  func(w int) string { return chart.Latencies(table(), w) },
	"throughput": func(w int) string { return chart.Throughput(table(), w) },
	"speed-up":   func(w int) string { return chart.SpeedUp(table(), w) },
	"lanes":      func(w int) string { return chart.Lanes(lanes(), "heavy", "ping", w) },
	"nothing":    func(w int) string { return chart.Throughput(result.Table{}, w) },
	"no rows":    func(w int) string { return chart.SpeedUp(result.Table{}, w) },
	"no lanes":   func(w int) string { return chart.Lanes(nil, "heavy", "ping", w) },
	"no points":  func(w int) string { return chart.Latencies(result.Table{}, w) },
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

func TestEveryModelIsNamedInItsColour(t *testing.T) {
	for _, name := range []string{"latencies", "throughput"} {
		for _, e := range palette.Models {
			require.Contains(t, drawn[name](760), fmt.Sprintf(`style="fill:var(--%s)">%s</text>`, palette.Class(e.Model), e.Model), name)
		}
	}
	for _, e := range palette.Models {
		require.Contains(t, drawn["speed-up"](760), ">"+e.Model+"</text>")
	}
}

var words = regexp.MustCompile(`<text x="([0-9.-]+)" y="([0-9.]+)"( text-anchor="[a-z]+")?[^>]*>([^<]*)<`)

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
					require.False(t, p.x < o.x+o.wide && o.x < p.x+p.wide && p.y < o.y+12 && o.y < p.y+12, "%s, %d pixels: %q meets %q", name, width, p.words, o.words)
				}
				placed = append(placed, p)
			}
			require.NotEmpty(t, placed, name)
		}
	}
}

// Beside a graph's lines stand their names; nothing is written on the lines.
func TestNamesStandBesideTheLines(t *testing.T) {
	for _, name := range []string{"latencies", "throughput"} {
		for _, width := range []int{360, 760} {
			svg, right := drawn[name](width), 0.0
			for _, m := range regexp.MustCompile(`[ML]([0-9.]+) `).FindAllStringSubmatch(strings.Join(regexp.MustCompile(`class="line"[^>]* d="[^"]*"`).FindAllString(svg, -1), " "), -1) {
				x, err := strconv.ParseFloat(m[1], 64)
				require.NoError(t, err)
				right = max(right, x)
			}
			for _, m := range regexp.MustCompile(`<text x="([0-9.]+)"[^>]*style="fill`).FindAllStringSubmatch(svg, -1) {
				x, err := strconv.ParseFloat(m[1], 64)
				require.NoError(t, err)
				require.Greater(t, x, right)
			}
		}
	}
}

// Every axis says what it has, and in what unit.
func TestAxesAreNamed(t *testing.T) {
	for name, want := range map[string][]string{
		"latencies":  {"↑ answered within, log scale", "share of requests →", ">99 %<", ">1 ms<"},
		"throughput": {"↑ requests per second, log scale", "requests in flight, log scale →", ">1 M<"},
		"speed-up":   {"speed-up over inline, times →", ">× 1<"},
		"lanes":      {"time since the first request →", ">300 ms<"},
	} {
		for _, w := range want {
			require.Contains(t, drawn[name](360), w, name)
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
	fmt.Println(regexp.MustCompile(`>([0-9.]+)</text>`).FindAllStringSubmatch(chart.SpeedUp(t, 760), -1))
	// Output: [[>1.00</text> 1.00] [>2.00</text> 2.00]]
}
