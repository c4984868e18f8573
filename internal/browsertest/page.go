// Package browsertest opens pages in a headless Chromium, where one is installed, for the tests of
// pages. All tests of a package share one Chromium, and each page is a tab of it: to start a
// browser takes longer than most tests. The package's TestMain runs [Main], which closes it.
package browsertest

import (
	"encoding/json"
	"testing"
)

// Page is a page in a tab of the browser. It belongs to one test and its goroutine.
type Page struct {
	t       *testing.T
	browser *browser
	width   int // that Resize gave the window
	tab
}

// Open opens a page, which the end of the test closes. It skips the test where no Chromium is
// installed.
func Open(t *testing.T, url string) *Page {
	t.Helper()
	b := shared(t)
	p := &Page{t: t, browser: b}
	if last := len(b.free) - 1; last >= 0 {
		p.tab, b.free = b.free[last], b.free[:last]
	} else {
		p.newTab()
	}
	t.Cleanup(p.close)
	must(t, p.navigate(url))
	return p
}

// navigate goes to an address and waits until its page has been loaded.
func (p *Page) navigate(url string) error {
	delete(p.browser.loaded, p.session)
	if _, err := p.browser.call(p.session, "Page.navigate", map[string]any{"url": url}); err != nil {
		return err
	}
	for !p.browser.loaded[p.session] {
		if _, err := p.browser.receive(); err != nil {
			return err
		}
	}
	return nil
}

// newTab makes a tab, in a window of its own: one behind another one would be hidden to its page.
func (p *Page) newTab() {
	p.t.Helper()
	var target struct{ TargetID string }
	p.Call("Target.createTarget", map[string]any{"url": "about:blank", "newWindow": true}, &target)
	var attached struct{ SessionID string }
	p.Call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	p.tab = tab{session: attached.SessionID, target: target.TargetID}
	p.Call("Page.enable", nil, nil)
}

// close leaves the page, and keeps the tab for another one: a new tab takes longer than most tests.
// The tab of a failed test is closed, as its page may be the reason. The test may have failed
// because the browser is gone: nothing is reported.
func (p *Page) close() {
	if !p.t.Failed() && p.reset() == nil {
		p.browser.free = append(p.browser.free, p.tab)
		return
	}
	_, _ = p.browser.call("", "Target.closeTarget", map[string]any{"targetId": p.target})
	delete(p.browser.loaded, p.session)
}

// reset gives the tab back the window of a new one. The page that it leaves ends its requests.
func (p *Page) reset() error {
	err := p.navigate("about:blank")
	for method, params := range map[string]map[string]any{
		"Emulation.clearDeviceMetricsOverride": nil,
		"Emulation.setEmulatedMedia":           {"features": []any{}},
	} {
		if err == nil {
			_, err = p.browser.call(p.session, method, params)
		}
	}
	return err
}

// Call sends a command of the debugging protocol and waits for its result.
func (p *Page) Call(method string, params map[string]any, result any) {
	p.t.Helper()
	answer, err := p.browser.call(p.session, method, params)
	must(p.t, err)
	if result != nil {
		must(p.t, json.Unmarshal(answer, result))
	}
}

// Eval evaluates an expression in the page, which may be a promise, and returns its value as text.
func (p *Page) Eval(expression string) string {
	p.t.Helper()
	var answer struct {
		Result           struct{ Value any }
		ExceptionDetails *struct{ Text string }
	}
	p.Call("Runtime.evaluate", map[string]any{
		"expression": expression, "awaitPromise": true, "returnByValue": true,
	}, &answer)
	if answer.ExceptionDetails != nil {
		p.t.Fatalf("%s: %v", expression, answer.ExceptionDetails)
	}
	value, _ := answer.Result.Value.(string)
	return value
}

// Until waits, in the page, until the expression is true. After two minutes the test fails.
func (p *Page) Until(expression string) {
	p.t.Helper()
	if p.Eval(`new Promise(done => {
		const end = Date.now() + 120_000
		const look = () => (`+expression+`) ? done("true") : Date.now() > end ? done("") : setTimeout(look, 10)
		look()
	})`) == "" {
		p.t.Fatalf("never true: %s", expression)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
