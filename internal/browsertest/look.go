package browsertest

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
)

//go:embed look.js
var look string

// Resize gives the window a width in pixels and a theme, light or dark. A window narrower than a
// tablet is a phone's. A page that draws itself anew in another window does so only in one of
// another width.
func (p *Page) Resize(width int, theme string) {
	p.t.Helper()
	p.Call("Emulation.setEmulatedMedia", map[string]any{
		"features": []map[string]string{{"name": "prefers-color-scheme", "value": theme}},
	}, nil)
	if width == p.width {
		return
	}
	p.width = width
	p.Call("Emulation.setDeviceMetricsOverride", map[string]any{
		"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600,
	}, nil)
	p.Eval(`dispatchEvent(new Event("resize")); ""`) // a tab behind another one gets its own late
}

// Picture writes a screenshot into the directory that QUARTET_PICTURES names, for somebody to look
// at. Without that variable it does nothing.
func (p *Page) Picture(name string) {
	p.t.Helper()
	dir := os.Getenv("QUARTET_PICTURES")
	if dir == "" {
		return
	}
	var shot struct{ Data []byte } // JSON has it as base64
	p.Call("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true}, &shot)
	if err := os.WriteFile(filepath.Join(dir, name), shot.Data, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// Look returns the page's faults in a reader's eyes, a line for each: words and boxes outside of
// the window, cut off, too small, too pale, or one over the other. lines selects the lines of
// pictures that may cross no word; "" selects none.
func (p *Page) Look(lines string) string {
	p.t.Helper()
	return p.Eval(fmt.Sprintf("%s(%q)", look, lines))
}
