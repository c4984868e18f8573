// A number that is dragged to the left and right, or changed with the arrow keys.
"use strict"

const times10 = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8]

// ladder has the round numbers from least to most.
Lab.ladder = (least, most, unit = 1) => {
	const rungs = least === 0 ? [0] : []
	for (let ten = 1; ten <= 1e7; ten *= 10) {
		for (const n of times10) {
			const rung = Math.round(n * ten * unit)
			if (rung >= Math.max(least, 1) && rung <= most && rung !== rungs.at(-1)) rungs.push(rung)
		}
	}
	return rungs
}

Lab.count = most => Array.from({length: most}, (_, i) => i + 1)

// number returns a number in the text: label is for screen readers, write makes its text, get reads
// the value and set changes it.
Lab.number = ({id, label, rungs, write, get, set}) => {
	const span = Lab.make("span", {
		id, class: "number", role: "spinbutton", tabindex: 0, "aria-label": label,
		"aria-valuemin": rungs[0], "aria-valuemax": rungs.at(-1),
	})
	const nearest = value => {
		let best = 0
		rungs.forEach((rung, i) => { if (Math.abs(rung - value) < Math.abs(rungs[best] - value)) best = i })
		return best
	}
	const go = to => {
		const value = rungs[Math.max(0, Math.min(rungs.length - 1, to))]
		if (value !== get()) set(value)
	}
	// step goes to the next rung, also from a value between two.
	const step = by => {
		const at = nearest(get())
		const beyond = by > 0 ? rungs[at] > get() : rungs[at] < get()
		go(beyond ? at : at + by)
	}
	let from = null
	span.addEventListener("pointerdown", event => {
		from = {x: event.clientX, at: nearest(get())}
		span.setPointerCapture(event.pointerId)
		span.focus()
		event.preventDefault()
	})
	span.addEventListener("pointermove", event => {
		if (from) go(from.at + Math.round((event.clientX - from.x) / 7))
	})
	for (const end of ["pointerup", "pointercancel"]) span.addEventListener(end, () => { from = null })
	const keys = {ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 5, PageDown: -5, Home: -rungs.length, End: rungs.length}
	span.addEventListener("keydown", event => {
		if (!(event.key in keys)) return
		event.preventDefault()
		step(keys[event.key])
	})
	span.show = () => {
		span.textContent = write(get())
		span.setAttribute("aria-valuenow", get())
		span.setAttribute("aria-valuetext", write(get()))
	}
	span.show()
	return span
}
