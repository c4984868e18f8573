package browsertest

import (
	_ "embed"
	"fmt"
)

//go:embed look.js
var look string

// Resize gives the window a width in pixels and a theme, light or dark. A window narrower than a
// tablet is a phone's.
func (p *Page) Resize(width int, theme string) {
	p.t.Helper()
	p.Call("Emulation.setDeviceMetricsOverride", map[string]any{
		"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600,
	}, nil)
	p.Call("Emulation.setEmulatedMedia", map[string]any{
		"features": []map[string]string{{"name": "prefers-color-scheme", "value": theme}},
	}, nil)
	p.Eval(`dispatchEvent(new Event("resize")); ""`) // a tab behind another one gets its own late
}

// Look returns the page's faults in a reader's eyes, a line for each: words and boxes outside of
// the window, cut off, too small, too pale, or one over the other. lines selects the lines of
// pictures that may cross no word; "" selects none.
func (p *Page) Look(lines string) string {
	p.t.Helper()
	return p.Eval(fmt.Sprintf("%s(%q)", look, lines))
}
