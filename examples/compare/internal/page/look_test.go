package page

import (
	_ "embed"
	"fmt"
	"html"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// look.js looks at a page as a reader does, in Chromium.
//
//go:embed testdata/look.js
var look string

// The widths of a small phone, a phone, where one picture takes the other's place, and a desk.
var widths = []int{360, 390, 820, 821, 1280}

var told = regexp.MustCompile(`(?s)<title>(.*?)</title>`)

// seen is what look.js finds wrong with a page at these widths, in the dark.
func seen(t *testing.T, page string) string {
	t.Helper()
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "page.html"), []byte(page), 0o600))
	var frames strings.Builder
	for _, width := range widths {
		fmt.Fprintf(&frames,
			`<iframe src="page.html" style="border:0;width:%dpx;height:800px;color-scheme:dark"></iframe>`, width)
	}
	path := filepath.Join(dir, "frames.html")
	require.NoError(t,
		os.WriteFile(path, []byte(`<html style="color-scheme:dark">`+frames.String()+"<script>"+look+"</script>"),
			0o600))
	dom, err := exec.CommandContext(t.Context(), browser, "--headless", "--no-sandbox", "--hide-scrollbars",
		"--allow-file-access-from-files", "--blink-settings=preferredColorScheme=0",
		"--user-data-dir="+filepath.Join(dir, "profile"), "--virtual-time-budget=20000", "--dump-dom",
		"file://"+path).Output()
	require.NoError(t, err)
	m := told.FindSubmatch(dom)
	require.NotNil(t, m, "it has looked")
	return html.UnescapeString(string(m[1]))
}

// On a phone and on a desk nothing is cut off, out of sight, too small, or written over something
// else.
func TestAReaderSeesAll(t *testing.T) {
	require.Equal(t, "seen", seen(t, written(t, report())))
}

// What look.js is there to find, it finds.
func TestLookFindsFaults(t *testing.T) {
	const svg = `<svg class="chart" viewBox="0 0 200 50" width="200" height="50" style="font:12px sans-serif">%s</svg>`
	faults := map[string]string{
		"outside":   `<p style="width:1300px">wide</p>`,
		"overflows": `<p style="width:9px">overflows</p>`,
		"cut off": `<div style="overflow-x:auto"><table><tr><td style="white-space:nowrap">` +
			strings.Repeat("wide ", 400) + `</table></div>`,
		"leaves":       fmt.Sprintf(svg, `<text x="180" y="20">leaves</text>`),
		"meets one":    fmt.Sprintf(svg, `<text x="10" y="20">one</text><text x="20" y="22">two</text>`),
		"crossed":      fmt.Sprintf(svg, `<text x="10" y="20">one</text><path class="line" d="M0 0L60 40"/>`),
		"too small":    fmt.Sprintf(svg, `<text x="10" y="20" style="font-size:6px">one</text>`),
		"off the type": `<p style="font-size:13px">odd</p>`,
		"white":        `<p style="background:#fff">light</p>`,
		"unfilled":     fmt.Sprintf(svg, `<path class="q-locked" d="M0 0h9v9z" style="fill:url(#nowhere)"/>`),
	}
	found := seen(t,
		`<!DOCTYPE html><body style="margin:0;background:#000">`+strings.Join(slices.Collect(maps.Values(faults)),
			"\n"))
	for fault := range faults {
		require.Contains(t, found, "360: "+fault)
	}
}
