// The knee: p99 at other rates than the present one, for each model.
"use strict"

Lab.knee = (() => {
	let generation = 0
	let timer = 0
	const width = 270, height = 132, left = 52, foot = 104, top = 12

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

	// said says where a model keeps the rule, and where it breaks it.
	const said = (points, rule) => {
		const keeps = p => p.p99 <= rule
		const kept = points.findLast(p => p.offered > 0 && keeps(p))
		const broken = points.find(p => p.rate > (kept ? kept.rate : 0) && !keeps(p))
		if (!kept) return `breaks the rule at every rate, from ${points[0].rate} a second on`
		const early = points.filter(p => p.rate < kept.rate && !keeps(p)).map(p => p.rate)
		return `keeps the rule at ${kept.rate} a second, ` + (broken ? `breaks it at ${broken.rate}` : "the most that is shown") +
			(early.length > 0 ? `; by chance it breaks it at ${early.join(" and ")}` : "")
	}

	// plot clips the curve at the top: a flat line there would look like a p99 that grows no more.
	const plot = (model, points, settings) => {
		const most = points.at(-1).rate
		const cap = settings.rule * 3
		const x = rate => left + (width - left - 8) * rate / most
		const y = ns => foot - (foot - top) * Math.min(ns / cap, 20)
		const present = points.find(p => p.rate === settings.rate)
		const line = points.map(p => `${x(p.rate).toFixed(1)},${y(p.p99).toFixed(1)}`).join(" ")
		const words = said(points, settings.rule)
		const name = (at, ns) => Lab.shape("text", {class: "small end", x: left - 4, y: at}, Lab.short(ns))
		const at = x(settings.rate)
		const low = foot + (x(most) - at < 60 ? 25 : 13) // below the rate at the right end, or beside it
		return Lab.make("figure", {}, Lab.make("figcaption", {}, Lab.make("b", {}, model), " " + words),
			Lab.shape("svg", {viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `p99 of the ${model} at rates up to ${most} a second: ${words}`},
				Lab.shape("clipPath", {id: "clip-" + model}, Lab.shape("rect", {x: left, y: top, width: width - left, height: foot - top + 2})),
				Lab.shape("line", {class: "axis", x1: left, x2: width - 8, y1: foot, y2: foot}),
				Lab.shape("line", {class: "rule", x1: left, x2: width - 8, y1: y(settings.rule), y2: y(settings.rule)}),
				Lab.shape("line", {class: "quantile", x1: at, x2: at, y1: top, y2: foot}),
				Lab.shape("polyline", {class: "curve", points: line, "clip-path": `url(#clip-${model})`}),
				present && present.p99 <= cap ? Lab.shape("circle", {class: "present", cx: at, cy: y(present.p99), r: 4})
					: Lab.shape("path", {class: "present", d: `M${at - 5} ${top + 7}L${at} ${top - 3}L${at + 5} ${top + 7}Z`}),
				name(top + 8, cap), name(y(settings.rule) + 4, settings.rule), name(foot + 3, 0),
				Lab.shape("text", {class: "small middle", x: at, y: low}, settings.rate + " /s"),
				settings.rate === most ? "" : Lab.shape("text", {class: "small end", x: width - 8, y: foot + 13}, most + " /s")))
	}
	return {later}
})()
