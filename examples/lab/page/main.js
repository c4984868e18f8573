// Putting it together: one redraw for each change, and the page's buttons.
"use strict"

Lab.wrong = text => { Lab.byId("wrong").textContent = text }

Lab.redraw = (() => {
	let busy = false
	let again = false
	let rest = 0

	const isFirst = settings => JSON.stringify(settings) === JSON.stringify(Lab.data.stations[0].settings)

	const answers = settings => !Lab.ask.ready && isFirst(settings) ? Promise.resolve(Lab.data.first)
		: Promise.all(Lab.data.models.map(model => Lab.ask({do: "run", model, settings})))

	// hide takes the figures of the numbers before off the page at once.
	const hide = () => {
		Lab.scene(Lab.answers)
		Lab.overview(Lab.answers)
		Lab.cursor.draw()
		Lab.where.draw()
		Lab.knee.later()
	}

	// settle does what can wait until nobody drags.
	const settle = async () => {
		try {
			Lab.where.draw()
			await Lab.guess.verdict()
			Lab.knee.later()
			if (!busy) Lab.byId("result").setAttribute("aria-busy", "false")
		} catch (error) {
			Lab.wrong(error.message)
		}
	}

	// redraw asks the models, unless they are asked already: then once more when they have answered.
	const redraw = async () => {
		Lab.sentence()
		Lab.script()
		history.replaceState(null, "", Lab.address())
		if (Lab.hides() && Lab.answers) hide()
		Lab.byId("result").setAttribute("aria-busy", "true")
		if (busy) {
			again = true
			return
		}
		busy = true
		clearTimeout(rest)
		performance.mark("lab-begin")
		try {
			Lab.answers = await answers(Lab.state.settings)
			Lab.wrong("")
			Lab.where.pick()
			Lab.scene(Lab.answers)
			Lab.overview(Lab.answers)
			Lab.cursor.draw()
			performance.measure("lab-redraw", "lab-begin")
			rest = setTimeout(settle, 100)
		} catch (error) {
			Lab.wrong(error.message)
		}
		busy = false
		if (again) {
			again = false
			redraw()
		}
	}
	return redraw
})()

{
	const say = text => { Lab.byId("said").textContent = text }
	const write = async (text, done) => {
		try {
			await navigator.clipboard.writeText(text)
			say(done)
		} catch {
			say("The browser does not let this page copy.")
		}
	}
	const program = Lab.byId("program-go")
	const source = program.querySelector("pre")
	Lab.byId("share").addEventListener("click", () => write(location.href, "The link is copied: script, numbers, seed and guess."))
	Lab.byId("copy").addEventListener("click", async () => {
		source.textContent = await Lab.ask({do: "go", settings: Lab.state.settings})
		program.showModal()
	})
	Lab.byId("copy-text").addEventListener("click", () => write(source.textContent, "The program is copied."))
	Lab.byId("close").addEventListener("click", () => program.close())
	addEventListener("hashchange", () => { Lab.read(location.hash); Lab.guess(); Lab.redraw() })
	addEventListener("resize", () => { if (Lab.answers) { Lab.scene(Lab.answers); Lab.overview(Lab.answers); Lab.cursor.draw() } })

	Lab.byId("lab").hidden = false
	Lab.guess()
	Lab.redraw().then(() => performance.mark("lab-first-picture"))
	Lab.stepper.load()
}
