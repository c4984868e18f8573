package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// A phone's width and a desk's.
const phone, desk = 390, 1280

// faults looks at the page at these widths, in both themes.
func (l learner) faults(name string, widths ...int) (all string) {
	for _, width := range widths {
		for _, theme := range []string{"light", "dark"} {
			l.Resize(width, theme)
			if found := l.Look(".rule, .quantile, .curve"); found != "" {
				all += fmt.Sprintf("%s, %d, %s:\n%s\n", name, width, theme, found)
			}
			l.Picture(fmt.Sprintf("%s-%d-%s.png", name, width, theme))
		}
	}
	return all
}

// Before the guess and after it nothing at a station is cut off, pale, too small, or written over
// something else.
func TestAReaderSeesAll(t *testing.T) {
	l := open(t, "")
	for i, name := range []string{"wait", "knee", "pings", "convoy", "lost", "pieces"} {
		l.click(fmt.Sprintf("#stations li:nth-child(%d) button", i+1))
		l.Until(fmt.Sprintf(`Lab.state.station.name === %q`, name))
		faults := l.faults(name+"-before", phone, desk)
		l.guess(0)
		l.Until(`document.querySelector("#knee figure")`)
		require.Empty(t, faults+l.faults(name+"-after", desk, phone)) // each width once drawn: that costs most
	}
}

// On a phone letters keep their size, and no word stands on an area.
func TestAPhoneReadsThePictures(t *testing.T) {
	l := open(t, "")
	l.Resize(390, "light")
	l.guess(0)
	require.Equal(t, "true", l.Eval(`String(document.querySelector("#overview text").getScreenCTM().a > 0.95)`))
	require.Equal(t, "true", l.Eval(`String([...document.querySelectorAll(".lanes")].every(svg =>
		svg.querySelector(".halo").getBoundingClientRect().bottom < svg.querySelector("path.queue").getBoundingClientRect().top + 4))`))
}

// The chosen request has a frame around it. Its spans keep their colours: these say what it does.
func TestTheChosenRequestKeepsItsColours(t *testing.T) {
	l := open(t, "")
	l.Until(`document.querySelectorAll(".frame:not([hidden])").length > 0`)
	require.Equal(t, "", l.Eval(`(() => {
		const looks = new Map()
		for (const span of document.querySelectorAll(".lanes .span")) {
			const {fill, stroke} = getComputedStyle(span)
			const look = span.classList[1]
			looks.set(look, (looks.get(look) || new Set()).add(fill + stroke))
		}
		return [...looks].filter(([, seen]) => seen.size > 1).map(([look]) => look).join()
	})()`))
	require.Equal(t, "true", l.Eval(`String((() => {
		const chosen = document.querySelector("#m-loop [data-request='" + Lab.state.request + "']")
		const inner = chosen.getBoundingClientRect()
		const outer = document.querySelector("#m-loop .frame").getBoundingClientRect()
		return outer.left <= inner.left && inner.right <= outer.right &&
			outer.top <= inner.top && inner.bottom <= outer.bottom
	})())`))
}

// A p99 above the picture does not look like one that grows no more.
func TestTheKneeHasNoFlatTop(t *testing.T) {
	l := open(t, "")
	l.guess(0)
	l.Until(`document.querySelector("#knee figure")`)
	const pool = `document.querySelector("#knee figure:nth-child(2)")`
	require.Equal(t, "true", l.Eval(pool+`.querySelector(".curve").getAttribute("clip-path") === "url(#clip-pool)" ? "true" : ""`))
	require.Equal(t, "true", l.Eval(`String((() => {
		const top = document.querySelector("#clip-pool rect").getBBox().y
		const above = [...`+pool+`.querySelector(".curve").points].filter(p => p.y <= top)
		return above.length > 2 && new Set(above.map(p => p.y)).size === above.length
	})())`), "it goes on above the picture")
	require.Equal(t, "path", l.Eval(pool+`.querySelector(".present").tagName`), "an arrow")
	require.Equal(t, "circle", l.Eval(`document.querySelector("#knee figure:nth-child(1) .present").tagName`))
	require.Equal(t, "pool keeps the rule at 120 a second, breaks it at 165", l.Eval(pool+`.querySelector("figcaption").textContent`))
	l.click("#stations li:nth-child(6) button")
	l.guess(0)
	l.Until(`document.querySelector("#knee figure:nth-child(4)")?.textContent.includes("by chance it breaks it at")`)
}

// The slider below the overview stands below the part that it moves.
func TestTheSliderIsBelowItsWindow(t *testing.T) {
	l := open(t, "")
	l.guess(0)
	for _, width := range []int{390, 1280} {
		l.Resize(width, "light")
		require.Equal(t, "true", l.Eval(`String((() => {
			const plot = document.querySelector("#overview path.queue").getBoundingClientRect()
			const slider = document.querySelector("#window").getBoundingClientRect()
			return Math.abs(plot.left - slider.left) < 3 && Math.abs(plot.right - slider.right) < 3
		})())`), "%d", width)
	}
}

// Who comes without knowing a model reads what each is before the first question.
func TestTheModelsAreIntroducedFirst(t *testing.T) {
	l := open(t, "")
	for _, m := range []string{"loop", "pool", "processes", "lock"} {
		require.Contains(t, l.text("header dl"), m)
	}
	require.Equal(t, "true", l.Eval(`String(Boolean(document.querySelector("header dl").
		compareDocumentPosition(document.querySelector("#ask")) & Node.DOCUMENT_POSITION_FOLLOWING))`))
	require.Contains(t, l.text("#models-help"), "p99: 99 of 100 do")
}

// Other numbers are another question: a guess is judged for the station's own alone.
func TestAGuessIsJudgedForItsOwnNumbers(t *testing.T) {
	l := open(t, "")
	l.guess(0)
	require.Contains(t, l.text("#result"), "As you guessed.")
	l.Eval(`(() => { const w = document.querySelector("#window"); w.value = 1000; w.dispatchEvent(new Event("input")) })(); ""`)
	l.Until(`Lab.answers[0].scene.from === 1e9`)
	l.settle()
	require.Contains(t, l.text("#result"), "As you guessed.", "another part of the picture is no other question")
	l.Eval(`Lab.change(s => { s.threads = 24 }); ""`)
	l.settle()
	l.Until(`document.querySelector("#result").innerText.startsWith("With these numbers: the rule is kept by the loop, the pool and the lock.")`)
	require.Contains(t, l.text("#options"), "your guess")
}
