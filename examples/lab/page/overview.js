// How many requests waited, over the whole run: a row for each model, and the part that the lanes show.
"use strict"

Lab.overview = (() => {
	const left = 74, row = 18, right = 64 // of the greatest number
	let width = 540 // of the plot: letters keep their size
	const svg = Lab.byId("overview")
	const slider = Lab.byId("window")

	const go = from => {
		const {settings} = Lab.state
		settings.from = Math.round(Math.max(0, Math.min(from, Lab.data.lasts - settings.span)) / 1e6) * 1e6
		Lab.redraw()
	}
	slider.addEventListener("input", () => go(slider.value * 1e6))
	svg.addEventListener("click", event => {
		const box = svg.getBoundingClientRect()
		const at = ((event.clientX - box.left) / box.width * (left + width + right) - left) / width
		go(at * Lab.data.lasts - Lab.state.settings.span / 2)
	})

	// draw has one scale for all models.
	return answers => {
		const {from, span} = Lab.state.settings
		slider.value = from / 1e6
		Lab.byId("begins").textContent = Lab.short(from)
		slider.setAttribute("aria-valuetext", `from ${Lab.short(from)} to ${Lab.short(from + span)}`)
		svg.toggleAttribute("hidden", Lab.hides())
		Lab.byId("overview-hidden").hidden = !Lab.hides()
		if (Lab.hides()) {
			svg.replaceChildren()
			return
		}
		width = Math.max(160, (svg.clientWidth || 678) - left - right)
		const most = Math.max(1, ...answers.flatMap(a => a.overview))
		svg.setAttribute("viewBox", `0 0 ${left + width + right} ${row * answers.length}`)
		svg.setAttribute("aria-label", "Requests that wait, over two seconds: " + answers.map(a => `${a.model} at most ${Math.max(...a.overview)}`).join(", "))
		svg.replaceChildren(
			Lab.shape("rect", {class: "window", x: left + width * from / Lab.data.lasts, y: 0, width: width * span / Lab.data.lasts, height: row * answers.length}),
			...answers.flatMap((a, i) => {
				const foot = row * (i + 1) - 1
				const part = width / a.overview.length
				const path = a.overview.map(n => `V${(foot - n / most * (row - 4)).toFixed(1)}h${part}`).join("")
				return [
					Lab.shape("text", {class: "small", x: 0, y: foot - 3}, a.model),
					Lab.shape("text", {class: "small end", x: left + width + right - 2, y: foot - 3}, `most ${Math.max(...a.overview)}`),
					Lab.shape("path", {class: "queue", d: `M${left} ${foot}${path}V${foot}Z`}),
					Lab.shape("line", {class: "axis", x1: left, x2: left + width, y1: foot, y2: foot}),
				]
			}))
	}
})()
