// A turn of the loop: five queues, forward and back, and a guess before each step.
"use strict"

Lab.stepper = (() => {
	let frames = []
	let at = 0

	const load = async () => {
		const program = Lab.byId("program").value
		try {
			frames = await Lab.ask({do: "steps", program})
			at = 0
			Lab.byId("stepped").textContent = ""
			draw()
		} catch (error) {
			frames = []
			Lab.byId("stepped").textContent = error.message
			draw()
		}
	}

	const draw = () => {
		const frame = frames[at]
		Lab.byId("back").disabled = at === 0
		Lab.byId("forward").disabled = at >= frames.length - 1
		Lab.byId("queues").replaceChildren(...frame ? Lab.data.queues.map(queue => Lab.make("div", {class: "box", role: "group", "aria-label": queue},
			Lab.make("b", {}, queue), Lab.make("span", {}, frame.queues[queue].join(" ") || "–"))) : [])
		const names = frame ? Lab.data.queues.flatMap(queue => frame.queues[queue]) : []
		Lab.byId("candidates").replaceChildren(...names.map(name => Lab.make("button", {type: "button", onclick: () => guess(name)}, name)),
			names.length === 0 && frame ? "Nothing: the loop ends." : "")
		Lab.byId("ran").textContent = frames.slice(1, at + 1).map(f => f.ran).join(" → ") || "nothing"
	}

	const why = {
		ticks: "ticks come first, after every callback", microtasks: "microtasks come next, when no tick is left", timers: "its time has come, and a turn begins with the timers",
		posted: "posted callbacks come after the timers", immediates: "immediates come after the posted callbacks, and what these have posted waits for the next turn",
	}

	const guess = name => {
		const next = frames[at + 1]
		const right = next.ran === name
		at++
		draw()
		Lab.byId("stepped").textContent = `${right ? "Right" : "You said " + name}: ${next.ran} ran (${next.from}), because ${why[next.from]}.`
		const first = Lab.byId("candidates").querySelector("button")
		if (first) first.focus()
	}

	const go = by => {
		at = Math.max(0, Math.min(frames.length - 1, at + by))
		draw()
		const {ran, from, at: ns} = frames[at]
		Lab.byId("stepped").textContent = ran ? `${ran} ran (${from}), at ${Lab.short(ns)}.` : "Nothing has run."
	}
	Lab.byId("back").addEventListener("click", () => go(-1))
	Lab.byId("forward").addEventListener("click", () => go(1))
	Lab.byId("program").addEventListener("change", load)
	return {load}
})()
