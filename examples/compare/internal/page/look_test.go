package page

import (
	_ "embed"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/internal/browsertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(browsertest.Main{M: m}) }

// own finds the faults that are this page's own.
//
//go:embed testdata/look.js
var own string

// The widths of a small phone, a phone, where one picture takes the other's place, and a desk.
var widths = []int{360, 390, 820, 821, 1280}

// faults are those of a page, at these widths and in both themes.
func faults(t *testing.T, page string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.html")
	require.NoError(t, os.WriteFile(path, []byte(page), 0o600))
	p := browsertest.Open(t, (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String())
	var all strings.Builder
	for _, width := range widths {
		for _, theme := range []string{"light", "dark"} {
			p.Resize(width, theme)
			for _, found := range []string{p.Look(".line"), p.Eval(own)} {
				if found != "" {
					fmt.Fprintf(&all, "%d, %s:\n%s\n", width, theme, found)
				}
			}
		}
	}
	return all.String()
}

// On a phone and on a desk nothing is cut off, out of sight, too small, pale, or written over
// something else.
func TestAReaderSeesAll(t *testing.T) {
	require.Empty(t, faults(t, written(t, report())))
}

// look.js finds the faults that it is there for.
func TestLookFindsFaults(t *testing.T) {
	const head = `<!DOCTYPE html><meta name="color-scheme" content="light dark"><body style="margin:0">`
	for fault, body := range map[string]string{
		"off the type scale: odd": `<p style="font-size:13px">odd</p>`,
		"white: light":            `<p style="background:#f8f8f8">light</p>`,
		"unfilled": `<svg viewBox="0 0 200 50" width="200" height="50">` +
			`<path class="q-locked" d="M0 0h9v9z" style="fill:url(#nowhere)"/></svg>`,
	} {
		t.Run(fault, func(t *testing.T) { // its end frees the tab
			require.Contains(t, faults(t, head+body), fault)
		})
	}
}
