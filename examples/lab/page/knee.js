// The knee: p99 at other rates than the present one, for each model.
"use strict"

Lab.knee = (() => {
	let generation = 0
	let timer = 0
	const width = 250, height = 130, left = 34, foot = 104, top = 12

	// later asks for the points when the numbers have come to rest.
	const later = () => {
		const mine = ++generation
		clearTimeout(timer)
		if (Lab.hides()) {
			Lab.byId("knee").replaceChildren(Lab.make("p", {class: "dim"}, "Guess first."))
			return
		}
		timer = setTimeout(() => ask(mine), 150)
	}

	const ask = async mine => {
		const settings = structuredClone(Lab.state.settings)
		const points = Object.fromEntries(Lab.data.models.map(m => [m, []]))
		try {
			const rates = await Lab.ask({do: "rates", settings})
			for (const rate of rates) {
				const some = await Promise.all(Lab.data.models.map(model => Lab.ask({do: "knee", model, rate, settings})))
				if (mine !== generation) return
				some.forEach((p, i) => points[Lab.data.models[i]].push(p))
			}
		} catch {
			return // the numbers are wrong, and the page says so
		}
		Lab.byId("knee").replaceChildren(...Lab.data.models.map(m => plot(m, points[m], settings)))
		performance.mark("lab-knee")
	}

	const plot = (model, points, settings) => {
		const most = points.at(-1).rate
		const cap = settings.rule * 3
		const x = rate => left + (width - left - 8) * rate / most
		const y = ns => foot - (foot - top) * Math.min(ns, cap) / cap
		const present = points.find(p => p.rate === settings.rate)
		const line = points.map(p => `${x(p.rate).toFixed(1)},${y(p.p99).toFixed(1)}`).join(" ")
		// With few requests the p99 is that of one, so that a low rate may break what a higher one keeps.
		const kept = points.findLast(p => p.offered > 0 && p.p99 <= settings.rule)
		const breaks = points.find(p => p.rate > (kept ? kept.rate : 0) && p.p99 > settings.rule)
		const words = (kept ? `keeps the rule at ${kept.rate} a second` : "") + (kept && breaks ? ", " : "") + (breaks ? `breaks it at ${breaks.rate}` : "")
		return Lab.make("figure", {}, Lab.make("figcaption", {}, Lab.make("b", {}, model), " " + words),
			Lab.shape("svg", {viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `p99 of the ${model} at rates up to ${most} a second: ${words}`},
				Lab.shape("line", {class: "axis", x1: left, x2: width - 8, y1: foot, y2: foot}),
				Lab.shape("line", {class: "rule", x1: left, x2: width - 8, y1: y(settings.rule), y2: y(settings.rule)}),
				Lab.shape("line", {class: "quantile", x1: x(settings.rate), x2: x(settings.rate), y1: top, y2: foot}),
				Lab.shape("polyline", {class: "curve", points: line}),
				...points.filter(p => p.p99 > cap).map(p => Lab.shape("text", {class: "small middle", x: x(p.rate), y: top - 3}, "↑")),
				present ? Lab.shape("circle", {class: "present", cx: x(present.rate), cy: y(present.p99), r: 4}) : "",
				Lab.shape("text", {class: "small end", x: left - 3, y: y(settings.rule) + 3}, Lab.short(settings.rule).replace(" ms", "")),
				Lab.shape("text", {class: "small end", x: left - 3, y: foot}, "0 ms"),
				Lab.shape("text", {class: "small middle", x: x(settings.rate), y: foot + 12}, settings.rate + " /s"),
				Lab.shape("text", {class: "small end", x: width - 8, y: foot + 24}, most + " /s")))
	}
	return {later}
})()
