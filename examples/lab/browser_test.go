package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/examples/lab/internal/model"
	"github.com/quartet-go/quartet/internal/browsertest"
)

// built is the site, made once for all tests.
var built = sync.OnceValues(func() (site, error) { return build(context.Background()) })

func theSite(t *testing.T) site {
	t.Helper()
	if testing.Short() {
		t.Skip("not with -short: it compiles the models to WebAssembly")
	}
	s, err := built()
	require.NoError(t, err)
	return s
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(browsertest.Main{M: m}) }

// learner is a tab with the lab in it.
type learner struct {
	*browsertest.Page
	t *testing.T
}

// open opens the page at an address, served with native models.
func open(t *testing.T, address string) learner {
	t.Helper()
	server := httptest.NewServer(withNativeModels(theSite(t)))
	t.Cleanup(server.Close)
	return openURL(t, server.URL+"/"+address)
}

func openURL(t *testing.T, url string) learner {
	t.Helper()
	l := learner{browsertest.Open(t, url), t}
	l.Eval(`window.broken = ""
		addEventListener("error", e => { broken += e.message })
		addEventListener("unhandledrejection", e => { broken += e.reason }); ""`)
	l.Until(`Lab.ask.ready && (Lab.answers || wrong.innerText)`)
	t.Cleanup(func() {
		if text := l.Eval(`broken + document.getElementById("wrong").textContent`); text != "" {
			t.Error("the page says", text)
		}
	})
	return l
}

// text is what an element says.
func (l learner) text(selector string) string {
	return l.Eval(fmt.Sprintf(`document.querySelector(%q).innerText`, selector))
}

func (l learner) click(selector string) {
	l.Eval(fmt.Sprintf(`document.querySelector(%q).click(); ""`, selector))
}

// guess makes the guess with a number, and waits for the verdict.
func (l learner) guess(option int) {
	l.click(fmt.Sprintf(`#options input[value="%d"]`, option))
	l.click("#guess button")
	l.settle()
}

// settle waits until the page shows the figures of the present numbers.
func (l learner) settle() {
	l.Until(`result.getAttribute("aria-busy") === "false" &&
		document.querySelector(".figures b") && document.querySelector("#where table")`)
}

// mouse sends an event of the mouse at the middle of an element, moved to the right by dx.
func (l learner) mouse(kind, selector string, dx int) {
	var x, y float64
	_, err := fmt.Sscan(l.Eval(fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({block: "center"})
		const b = e.getBoundingClientRect(); return (b.x + b.width / 2) + " " + (b.y + b.height / 2) })()`, selector)), &x, &y)
	require.NoError(l.t, err)
	button := "left"
	if kind == "mouseMoved" && dx == 0 {
		button = "none"
	}
	l.Call("Input.dispatchMouseEvent",
		map[string]any{"type": kind, "x": x + float64(dx), "y": y, "button": button, "clickCount": 1, "buttons": 1},
		nil)
}

// Each station hides its figures until a guess, and tells a right guess from another one.
func TestTheStations(t *testing.T) {
	l := open(t, "")
	l.Resize(1280, "light")
	right := []int{0, 1, 3, 3, 2, 1}
	for i, want := range right {
		l.click(fmt.Sprintf("#stations li:nth-child(%d) button", i+1))
		l.Until(fmt.Sprintf(`Lab.state.station === Lab.data.stations[%d]`, i))
		require.NotContains(t, l.text("#models"), "keeps the rule", "no figure before the guess")
		require.NotContains(t, l.text("#models"), "breaks the rule")
		require.Contains(t, l.text("#where"), "Guess first")
		require.Contains(t, l.text("#knee"), "Guess first")
		require.Equal(t, "true", l.Eval(`String(document.querySelector("#overview").hasAttribute("hidden"))`))
		require.NotContains(t, l.Eval(`[...document.querySelectorAll("[aria-label]")].map(e => e.ariaLabel).join()`),
			"p99 of", "nor for a screen reader")
		require.Equal(t, "none", l.Eval(`getComputedStyle(document.querySelector("#overview")).display`), "no room for nothing")
		guess := want
		if i%2 == 1 {
			guess = (want + 1) % 4
		}
		l.guess(guess)
		require.Equal(t, guess == want, strings.HasPrefix(l.text("#result"), "As you guessed."), l.text("#result"))
		require.Contains(t, l.text("#result"), l.Eval(fmt.Sprintf(`Lab.state.station.options[%d].text`, guess)),
			"the guess stays beside the result")
		require.Contains(t, l.text("#result"), l.Eval(`Lab.state.station.why`))
	}
}

// No figure of requests without an answer looks exact.
func TestWhatIsNotAnsweredIsAtLeast(t *testing.T) {
	l := open(t, "")
	l.click("#stations li:nth-child(4) button")
	l.guess(0)
	require.Regexp(t, `breaks the rule: p50 at least \d+ ms, p99 at least \d+ ms. 0 of 40 answered in 2 s`, l.text("#m-loop .figures"))
	require.NotContains(t, l.text("#m-pool .figures"), "at least")
}

// A number is dragged: the sentence, the script and the figures follow. Arrow keys do the same.
func TestDrag(t *testing.T) {
	l := open(t, "")
	l.guess(0)
	before := l.text("#m-pool .figures")
	require.Equal(t, "8", l.text("#n-threads"))
	l.mouse("mousePressed", "#n-threads", 0)
	l.mouse("mouseMoved", "#n-threads", 7*16)
	l.mouse("mouseReleased", "#n-threads", 7*16)
	l.Until(fmt.Sprintf(`document.querySelector("#m-pool .figures").innerText !== %q`, before))
	require.Equal(t, "24", l.text("#n-threads"))
	l.Until(`document.querySelector("#m-pool .figures").innerText.includes("keeps the rule")`)
	require.Equal(t, "24", l.Eval(`document.querySelector("#n-threads").getAttribute("aria-valuenow")`))
	require.Contains(t, l.Eval(`location.hash`), "t=24")
	// the verdict is of these numbers
	l.Until(`document.querySelector("#result").innerText.includes("the rule is kept by the loop, the pool and the lock")`)

	l.Eval(`document.querySelector("#n-wait").focus(); ""`)
	for range 3 {
		l.Call("Input.dispatchKeyEvent", map[string]any{"type": "keyDown", "key": "ArrowLeft"}, nil)
	}
	require.Equal(t, "25 ms", l.text("#n-wait"))
	require.Equal(t, "25 ms", l.text("#line-1"), "the script's line is the same number")
	l.Eval(`document.querySelector("#n-share").focus(); ""`)
	for range 10 {
		l.Call("Input.dispatchKeyEvent", map[string]any{"type": "keyDown", "key": "ArrowDown"}, nil)
	}
	require.Equal(t, "compute release block", l.Eval(`Lab.state.settings.script.map(s => s.do).join(" ")`),
		"half of it without the lock")
	l.click("#add")
	l.Eval(`(() => {
		const verb = document.querySelector("#lines li:last-child select")
		verb.value = "hold"
		verb.dispatchEvent(new Event("change"))
	})(); ""`)
	require.Equal(t, "compute release block hold", l.Eval(`Lab.state.settings.script.map(s => s.do).join(" ")`))
	for language, line := range map[string]string{
		"go": "gil.HoldLock(ctx, 1 ms)", "python": "json.loads(big)", "js": "JSON.parse(big)",
	} {
		l.click(fmt.Sprintf("[data-language=%s]", language))
		require.Contains(t, l.text("#lines li:last-child code"), line)
	}
	l.click("#reset")
	require.Equal(t, "compute block", l.Eval(`Lab.state.settings.script.map(s => s.do).join(" ")`))
}

// The cursor marks in the script what the chosen request does on each model; a click chooses one.
func TestARequestIsFollowed(t *testing.T) {
	l := open(t, "")
	l.guess(0)
	l.Eval(`document.querySelector("#m-loop .span.look5").dispatchEvent(new MouseEvent("click", {bubbles: true})); ""`)
	request := l.Eval(`document.querySelector("#m-loop .span.look5").dataset.request`)
	l.Until(`document.querySelector("#where-title").innerText.includes("request " + document.querySelector("#m-loop .span.look5").dataset.request)`)
	require.Equal(t, request, l.text("#n-request"))
	l.Until(`document.querySelectorAll("#where tr").length === 4`)
	require.Contains(t, l.text("#where tr:nth-child(1)"), "waits 50.0 ms")
	require.Contains(t, l.text("#where tr:nth-child(2)"), "queued")
	l.Eval(`(() => {
		const cursor = document.querySelector("#cursor")
		const span = document.querySelector("#m-loop .span.look5[data-request='" + Lab.state.request + "']")
		cursor.value = 1000 * (span.x.baseVal.value + 5) / span.ownerSVGElement.viewBox.baseVal.width
		cursor.dispatchEvent(new Event("input"))
	})(); ""`)
	require.Equal(t, "loop", l.text("#lines li:nth-child(2) .mark"))
	require.Equal(t, "", l.Eval(`document.querySelector("#lines li:nth-child(1) .marks").innerText`))
	l.Eval(`(() => { const w = document.querySelector("#window"); w.value = 1000; w.dispatchEvent(new Event("input")) })(); ""`)
	l.Until(`Lab.answers[0].scene.from === 1e9`)
	require.Equal(t, "from 1000 ms to 1100 ms",
		l.Eval(`document.querySelector("#window").getAttribute("aria-valuetext")`))
	require.Contains(t, l.Eval(`document.querySelector("#overview").getAttribute("aria-label")`), "loop at most")
	require.Contains(t, l.Eval(`location.hash`), "from=1000000")
	l.click("#play")
	value := l.Eval(`document.querySelector("#cursor").value`)
	l.Until(fmt.Sprintf(`document.querySelector("#cursor").value !== %q`, value))
	l.click("#play")
}

// The stepper asks what runs next, goes on, and back.
func TestStepBack(t *testing.T) {
	l := open(t, "")
	l.Until(`document.querySelectorAll("#queues .box").length === 5`)
	require.Equal(t, "main", l.text("#candidates"))
	l.click("#candidates button")
	require.Contains(t, l.text("#stepped"), "Right: main ran (posted), because")
	require.Equal(t, "5", l.Eval(`String(document.querySelectorAll("#candidates button").length)`))
	l.Eval(`[...document.querySelectorAll("#candidates button")].find(b => b.innerText === "B").click(); ""`)
	require.Contains(t, l.text("#stepped"), "You said B: C ran (ticks), because ticks come first")
	require.Equal(t, "main → C", l.text("#ran"))
	l.click("#back")
	require.Equal(t, "main", l.text("#ran"))
	require.Contains(t, l.text("#queues"), "C", "it is queued again")
	l.click("#back")
	require.Equal(t, "nothing", l.text("#ran"))
	require.Equal(t, "true", l.Eval(`String(document.querySelector("#back").disabled)`))
	for range 20 {
		l.click("#forward")
	}
	require.Equal(t, "main → C → D → B → G → A → F → E → H", l.text("#ran"))
	l.Eval(`(() => { const p = document.querySelector("#program"); p.value = "main: dance A"; p.dispatchEvent(new Event("change")) })(); ""`)
	l.Until(`document.querySelector("#stepped").innerText.includes("is not timer, post")`)
}

// A link holds script, numbers, seed and guess. What a hostile one holds is said, and never markup.
func TestShare(t *testing.T) {
	var address, says, figures string
	t.Run("the page", func(t *testing.T) {
		l := open(t, "")
		l.click("#stations li:nth-child(3) button")
		l.guess(1)
		l.Eval(`Lab.change(s => { s.seed = 9; s.rate = 120; s.script.push({do: "await", for: 2e6}) }); ""`)
		l.settle()
		address, says, figures = l.Eval(`location.hash`), l.text("#result"), l.text("#models")
	})
	t.Run("its link", func(t *testing.T) {
		l := open(t, address)
		l.settle()
		require.Equal(t, "9", l.text("#n-seed"))
		require.Equal(t, "120", l.text("#n-rate"))
		require.Equal(t, says, l.text("#result"))
		require.Equal(t, figures, l.text("#models"))
	})
	t.Run("a hostile link", func(t *testing.T) {
		l := open(t, "#at=wait&script=%3Cimg%20src%3Dx%20onerror%3Ddocument.title%3D1%3E-5&guess=0")
		l.Until(`document.querySelector("#wrong").innerText.includes("is none of the six verbs")`)
		require.Equal(t, "0", l.Eval(`String(document.images.length)`))
		require.Equal(t, "quartet: the lab", l.Eval(`document.title`))
		l.click("#reset")
		l.Until(`document.querySelector("#wrong").innerText === ""`)
	})
}

// A teacher shows the figures when the class has guessed.
func TestTeachersMode(t *testing.T) {
	l := open(t, "")
	l.click("#teacher")
	l.click(`#options input[value="0"]`)
	l.click("#guess button")
	l.Until(`document.querySelector("#reveal")`)
	require.NotContains(t, l.text("#models"), "rule")
	l.click("#reveal")
	l.Until(`document.querySelector("#result b")`)
	require.Contains(t, l.text("#models"), "keeps the rule")
	l.Eval(`Lab.change(s => { s.threads = 9 }); ""`)
	l.Until(`document.querySelector("#reveal")`)
	require.NotContains(t, l.text("#models"), "keeps the rule", "the next question is open again")
}

// "Copy as Go" shows the program of these numbers.
func TestCopyAsGo(t *testing.T) {
	l := open(t, "")
	l.Eval(`Lab.change(s => { s.threads = 13 }); ""`)
	l.click("#copy")
	l.Until(`document.querySelector("#program-go").open`)
	source := l.Eval(`document.querySelector("#program-go pre").textContent`)
	require.Contains(t, source, "workerpool.Config{Workers: 13}")
	require.Contains(t, source, "package main")
	l.click("#close")
}

// Every control has a name for a screen reader, and the keyboard reaches it.
func TestControlsHaveNames(t *testing.T) {
	l := open(t, "")
	l.guess(0)
	require.Equal(t, "", l.Eval(`[...document.querySelectorAll("button, input, select, textarea, [role=spinbutton], svg[role=img]")].
		filter(e => !(e.innerText || e.getAttribute("aria-label") || e.labels && e.labels.length ||
			e.closest("label"))).
		map(e => e.outerHTML).join("\n")`))
	require.Equal(t, "", l.Eval(`[...document.querySelectorAll("button:not(:disabled), [role=spinbutton]")].
		filter(e => e.tabIndex < 0).map(e => e.outerHTML).join("\n")`))
	require.Equal(t, "status polite", l.Eval(`result.getAttribute("role") + " " + result.getAttribute("aria-live")`))
}

// Without script there are pictures, and the words.
func TestWithoutScript(t *testing.T) {
	s := theSite(t)
	page := string(s["index.html"])
	quiet := page[strings.Index(page, "<noscript>"):strings.Index(page, "</noscript>")]
	require.Equal(t, 24, strings.Count(quiet, "<img "))
	for name, data := range s {
		if strings.HasSuffix(name, ".svg") {
			require.Contains(t, quiet, `src="`+name+`"`)
			require.Contains(t, string(data), "</svg>")
			require.NotContains(t, string(data), "request -", "a job is named as one")
		}
	}
}

// A page that was exported opens from a disk. Its models answer in WebAssembly, as the page of the
// other tests lets them answer natively.
func TestTheExportNeedsNoServer(t *testing.T) {
	s := theSite(t)
	dir := t.TempDir()
	require.NoError(t, s.export(dir))
	l := openURL(t, (&url.URL{Scheme: "file", Path: filepath.ToSlash(dir) + "/index.html"}).String())
	t.Log("the first picture after",
		l.Eval(`performance.getEntriesByName("lab-first-picture")[0].startTime.toFixed(0)`), "ms")
	l.guess(0)
	require.Contains(t, l.text("#m-loop .figures"), "keeps the rule")
	t.Log("the station is drawn anew within",
		l.Eval(`performance.getEntriesByName("lab-redraw").at(-1).duration.toFixed(0)`), "ms")

	for _, do := range []string{"run", "knee", "where", "judge", "rates", "steps", "go", "dance"} {
		question, err := json.Marshal(model.Question{
			Do: do, Model: "pool", Station: "wait", Rate: 100, ID: 7, Program: "main: post A",
			Settings: model.Stations[0].Settings,
		})
		require.NoError(t, err)
		require.JSONEq(t, string(natively(question)), l.Eval(fmt.Sprintf(
			`Lab.ask(%s).then(answer => JSON.stringify({answer}), e => JSON.stringify({error: e.message}))`, question)))
	}
}
