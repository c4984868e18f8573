package browsertest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/internal/browsertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(browsertest.Main{M: m}) }

// show opens a page with this body.
func show(t *testing.T, body string) *browsertest.Page {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `<!DOCTYPE html><meta name="viewport" content="width=device-width, initial-scale=1">
			<body style="margin:0;font:16px sans-serif;background:#fff;color:#000">%s`, body)
	}))
	t.Cleanup(server.Close)
	return browsertest.Open(t, server.URL)
}

// What Look is there to find, it finds, one fault at a time.
func TestLookFindsFaults(t *testing.T) {
	const svg = `<svg viewBox="0 0 200 50" width="200" height="50" style="font:12px sans-serif">%s</svg>`
	faults := map[string]string{
		"outside: wide":       `<p style="width:1300px">wide</p>`,
		"overflows: overflow": `<p style="width:9px">overflow</p>`,
		"cut off: wide":       `<div style="overflow-x:auto;width:90px"><p style="width:200px">wide</p></div>`,
		"cut off below: line": `<div style="overflow-y:auto;height:30px">line<br>line<br>line</div>`,
		"pale: pale":          `<p style="color:#aaa">pale</p>`,
		"pale: ink":           `<p style="background:#000"><b style="color:#333">ink</b></p>`,
		"leaves the picture":  fmt.Sprintf(svg, `<text x="180" y="20">leaves</text>`),
		"meets one: two":      fmt.Sprintf(svg, `<text x="10" y="20">one</text><text x="20" y="22">two</text>`),
		"crossed by a line":   fmt.Sprintf(svg, `<text x="10" y="20">one</text><path class="l" stroke="red" d="M0 0L60 40"/>`),
		"too small: one":      fmt.Sprintf(svg, `<text x="10" y="20" style="font-size:6px">one</text>`),
	}
	for fault, body := range faults {
		t.Run(fault, func(t *testing.T) { // its end frees the tab
			p := show(t, body)
			p.Resize(390, "light")
			require.Contains(t, p.Look(".l"), fault)
		})
	}
}

// A clear page has no fault. Nobody reads hidden words, a disabled button may be pale, and a line
// that is not selected may cross words.
func TestLookLeavesTheRest(t *testing.T) {
	p := show(t, `<p>A <b style="background:#000;color:#fff">word</b> <a style="color:#00c">more</a></p>
		<p hidden style="width:1300px">wide</p><button disabled style="color:#aaa">no</button>
		<svg viewBox="0 0 200 50" width="200" height="50" style="font:12px sans-serif"><text x="10" y="20">one</text>
		<text x="10" y="40">two</text><path d="M0 0L60 40"/></svg>`)
	for _, theme := range []string{"light", "dark"} {
		p.Resize(1280, theme)
		require.Empty(t, strings.TrimSpace(p.Look(".l")))
	}
}

// A page that is opened in the tab of an earlier one finds neither its theme nor its window.
func TestAUsedTabIsLikeANewOne(t *testing.T) {
	const seen = `[innerWidth, innerHeight, matchMedia("(prefers-color-scheme: dark)").matches, window.mark].join()`
	var fresh string
	t.Run("first", func(t *testing.T) {
		p := show(t, "")
		fresh = p.Eval(seen)
		p.Resize(390, "dark")
		p.Eval(`window.mark = 1; ""`)
		require.NotEqual(t, fresh, p.Eval(seen))
	})
	t.Run("second", func(t *testing.T) {
		p := show(t, "")
		require.Equal(t, fresh, p.Eval(seen))
		p.Resize(390, "light")
		require.Equal(t, "390", p.Eval(`String(innerWidth)`), "the tab forgot its last width too")
	})
}

// A page that is left ends its requests, so that the test's server can close.
func TestTheEndOfATestEndsItsRequests(t *testing.T) {
	asked, ended := make(chan struct{}), make(chan struct{})
	opened := false
	t.Run("page", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/waits" {
				close(asked)
				<-r.Context().Done()
				close(ended)
				return
			}
			_, _ = fmt.Fprint(w, `<script>fetch("/waits")</script>`)
		}))
		t.Cleanup(server.Close)
		browsertest.Open(t, server.URL)
		opened = true
		<-asked
	})
	if !opened {
		t.Skip("no page could be opened")
	}
	<-ended
}
