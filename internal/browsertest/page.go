// Package browsertest opens pages in a headless Chromium, where one is installed, for the tests of
// pages. All tests of a package share one Chromium, and each page is a tab of it: to start a
// browser takes longer than most tests. The package's TestMain runs [Main], which closes it.
package browsertest

import (
	"encoding/json"
	"testing"
)

// Page is a tab of the browser. It belongs to one test and its goroutine.
type Page struct {
	t       *testing.T
	browser *browser
	session string // of the debugging protocol
	target  string
}

// Open opens a page in a new tab, which the end of the test closes. It skips the test where no
// Chromium is installed.
func Open(t *testing.T, url string) *Page {
	t.Helper()
	b := shared(t)
	p := &Page{t: t, browser: b}
	var target struct{ TargetID string }
	p.Call("Target.createTarget", map[string]any{"url": "about:blank", "newWindow": true}, &target)
	var attached struct{ SessionID string }
	p.Call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	p.target, p.session = target.TargetID, attached.SessionID
	t.Cleanup(p.close)
	p.Call("Page.enable", nil, nil)
	p.Call("Page.navigate", map[string]any{"url": url}, nil)
	for !b.loaded[p.session] {
		_, err := b.receive()
		must(t, err)
	}
	return p
}

// close closes the tab. The test may have failed because the browser is gone: nothing is reported.
func (p *Page) close() {
	_, _ = p.browser.call("", "Target.closeTarget", map[string]any{"targetId": p.target})
	delete(p.browser.loaded, p.session)
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
