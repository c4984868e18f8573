// One cursor in all lanes: it moves with the pointer, with its slider, or by itself.
"use strict"

Lab.cursor = (() => {
	const slider = Lab.byId("cursor")
	let playing = 0

	const scene = () => Lab.answers && Lab.answers[0].scene
	const time = () => scene().from + (scene().to - scene().from) * slider.value / 1000

	// draw moves the hands, and marks the line at which the chosen request is on each model.
	const draw = () => {
		if (!scene()) return
		const now = time()
		const at = new Map()
		for (const a of Lab.answers) {
			const svg = document.querySelector(`#m-${a.model} .lanes`)
			const width = svg.viewBox.baseVal.width
			const hand = svg.querySelector(".hand")
			hand.setAttribute("x1", slider.value / 1000 * width)
			hand.setAttribute("x2", slider.value / 1000 * width)
			frame(svg)
			const here = a.scene.spans.find(([, from, to, , , request]) => request === Lab.state.request && from <= now && now < to)
			if (here) at.set(here[4], [...at.get(here[4]) || [], [a.model, here[3]]])
		}
		Lab.script.mark(at)
		Lab.byId("now").textContent = heldUp(now)
		slider.setAttribute("aria-valuetext", heldUp(now))
	}

	// frame is drawn around the chosen request. Its spans keep their colours, which say what it does.
	const frame = svg => {
		const spans = [...svg.querySelectorAll(`[data-request="${Lab.state.request}"]`)]
		const box = svg.querySelector(".frame")
		box.toggleAttribute("hidden", spans.length === 0)
		if (spans.length === 0) return
		const left = Math.min(...spans.map(s => s.x.baseVal.value)) - 1.5
		const right = Math.max(...spans.map(s => s.x.baseVal.value + s.width.baseVal.value)) + 1.5
		const row = Math.floor(spans[0].y.baseVal.value / box.height.baseVal.value)
		for (const [name, value] of Object.entries({x: left, width: right - left, y: row * box.height.baseVal.value})) box.setAttribute(name, value)
	}

	const heldUp = now => {
		const parts = Lab.hides() ? [] : Lab.answers.map(a => `${a.model} ${a.scene.queue.findLast(s => s[0] <= now)?.[1] ?? 0}`)
		return `${(now / 1e6).toFixed(1)} ms` + (parts.length ? `; held up: ${parts.join(", ")}` : "")
	}

	slider.addEventListener("input", draw)
	Lab.byId("models").addEventListener("pointermove", event => {
		const svg = event.target.closest(".lanes")
		if (!svg || playing) return
		const box = svg.getBoundingClientRect()
		slider.value = Math.round((event.clientX - box.left) / box.width * 1000)
		draw()
	})
	const play = () => {
		const button = Lab.byId("play")
		const on = button.getAttribute("aria-pressed") !== "true"
		button.setAttribute("aria-pressed", on)
		button.textContent = on ? "Pause" : "Play"
		clearInterval(playing)
		playing = on ? setInterval(() => { slider.value = (Number(slider.value) + 2) % 1000; draw() }, 40) : 0
	}
	Lab.byId("play").addEventListener("click", play)
	return {draw}
})()
