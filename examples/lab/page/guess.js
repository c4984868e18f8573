// Guess first: figures stay hidden until then, and the guess stays beside the result.
"use strict"

Lab.guess = (() => {
	const draw = () => {
		const {station, guess} = Lab.state
		Lab.byId("title").textContent = station.title
		Lab.byId("story").textContent = station.story
		Lab.byId("ask").textContent = station.ask
		Lab.byId("try").textContent = guess >= 0 ? station.try : ""
		Lab.byId("options").replaceChildren(...station.options.map((option, i) => Lab.make("label", {},
			Lab.make("input", {type: "radio", name: "option", value: i, required: true, checked: i === guess, disabled: guess >= 0}), Lab.make("span", {}, option.text, i === guess ? Lab.make("b", {}, " ← your guess") : ""))))
		Lab.byId("guess").querySelector("button").hidden = guess >= 0
		Lab.byId("stations").replaceChildren(...Lab.data.stations.map((s, i) => Lab.make("li", {},
			Lab.make("button", {type: "button", "aria-current": s === station ? "step" : null, onclick: () => go(s.name)}, `${i + 1} ${s.title}`))))
		if (guess < 0) Lab.byId("result").replaceChildren(Lab.make("p", {class: "dim"}, "The figures are hidden until you have guessed."))
	}

	const go = name => {
		Lab.enter(name)
		draw()
		Lab.redraw()
		Lab.byId("title").focus()
	}

	// isOwn reports whether the numbers are those that the question is about, whatever part is shown.
	const isOwn = ({settings: own}, settings) =>
		JSON.stringify(own) === JSON.stringify({...settings, from: own.from, span: own.span})

	// verdict shows the result for the present settings.
	draw.verdict = async () => {
		const {station, guess, settings} = Lab.state
		if (guess < 0) return
		if (Lab.hides()) {
			Lab.byId("result").replaceChildren(Lab.make("button", {type: "button", id: "reveal", onclick: () => { Lab.state.shown = true; Lab.redraw() }}, "Show the figures"))
			return
		}
		const v = await Lab.ask({do: "judge", station: station.name, settings})
		if (Lab.state.station !== station || Lab.state.guess < 0 || Lab.hides()) return
		if (!isOwn(station, settings)) {
			Lab.byId("result").replaceChildren(Lab.make("p", {}, Lab.make("b", {}, "With these numbers: "), `${v.says}.`),
				Lab.make("p", {class: "dim"}, "With the station's numbers: " + station.why))
			return
		}
		const right = v.right === guess
		Lab.byId("result").replaceChildren(
			Lab.make("p", {class: right ? "right" : "other"}, Lab.make("b", {}, right ? "As you guessed. " : "Not as you guessed. "),
				`You: ${station.options[guess].text}. `, `The models: ${v.says}.`),
			Lab.make("p", {}, station.why))
	}

	Lab.byId("guess").addEventListener("submit", event => {
		event.preventDefault()
		Lab.state.guess = Number(new FormData(event.target).get("option"))
		draw()
		Lab.redraw()
	})
	Lab.byId("teacher").addEventListener("change", () => { Lab.state.shown = false; Lab.redraw() })
	Lab.byId("reset").addEventListener("click", () => Lab.change(s => Object.assign(s, structuredClone(Lab.state.station.settings))))
	return draw
})()
