// The four models: their figures, lanes, queue and latencies, one below the other on one time axis.
"use strict"

Lab.scene = (() => {
	const laneHeight = 13
	const mostLanes = 9
	const queueHeight = 44 // the words stand above the area
	const names = ["queued", "computes", "native, keeps the lock", "native, without the lock", "ready, waits for its turn", "waits"]

	const articles = {}
	for (const model of Lab.data.models) {
		const title = Lab.make("h3", {id: "h-" + model}, model, Lab.make("small", {}, Lab.data.likes[model]))
		const figures = Lab.make("p", {class: "figures"})
		const lanes = Lab.shape("svg", {class: "lanes", role: "img", preserveAspectRatio: "none"})
		const latencies = Lab.shape("svg", {class: "latencies", role: "img", viewBox: "0 0 260 122"})
		articles[model] = {figures, lanes, latencies}
		Lab.byId("models").append(Lab.make("article", {id: "m-" + model, "aria-labelledby": "h-" + model}, title, figures,
			Lab.make("div", {class: "plots"}, lanes, latencies)))
	}
	for (const {lanes} of Object.values(articles)) {
		lanes.addEventListener("click", event => {
			const request = Number(event.target.dataset.request)
			if (request > 0) Lab.where.choose(request)
		})
	}

	// x is the place of a time in lanes of a width.
	const x = (scene, width) => at => (at - scene.from) / (scene.to - scene.from) * width

	const drawLanes = (a, svg, most) => {
		const {scene} = a
		const width = Math.max(240, svg.clientWidth || 600)
		const at = x(scene, width)
		const used = [...new Set(scene.spans.map(s => s[0]))].sort((p, q) => p - q)
		const rows = new Map(used.slice(0, mostLanes).map((lane, row) => [lane, row]))
		const height = Math.max(1, rows.size) * laneHeight
		const more = used.length - rows.size
		const top = height + (more > 0 ? 14 : 0)
		const bottom = top + queueHeight
		svg.setAttribute("viewBox", `0 0 ${width} ${bottom + 16}`)
		svg.setAttribute("height", bottom + 16)
		const spans = scene.spans.filter(s => rows.has(s[0])).map(([lane, from, to, look, step, request]) => Lab.shape("rect", {
			class: `span look${look}`, x: at(from).toFixed(2), width: Math.max(0.6, at(to) - at(from)).toFixed(2),
			y: rows.get(lane) * laneHeight + (look === 5 ? 5 : 1), height: look === 5 ? 3 : laneHeight - 2,
			"data-request": request, "data-step": request > 0 ? step : null,
		}, Lab.shape("title", {}, `${request > 0 ? "request " + request : "the job"} ${names[look]} for ${Lab.millis(to - from)}`)))
		svg.replaceChildren(...spans,
			more > 0 ? Lab.shape("text", {x: 2, y: height + 10, class: "small"}, `and ${more} more ${more > 1 ? "rows" : "row"}`) : "",
			...Lab.hides() ? [] : queue(a, at, width, bottom, most), axis(scene, at, width, bottom),
			Lab.shape("rect", {class: "frame", height: laneHeight, hidden: true}), Lab.shape("line", {class: "hand", y1: 0, y2: bottom}))
		svg.setAttribute("aria-label", summary(a))
	}

	const longest = a => Math.max(0, ...a.scene.queue.map(s => s[1]))

	// queue is an area that steps up and down. All models have the same scale, up to most.
	const queue = (a, at, width, bottom, most) => {
		const steps = a.scene.queue
		const y = n => (bottom - n / most * (queueHeight - 18)).toFixed(1)
		let path = `M0 ${bottom}`
		for (const [when, n] of steps) path += `H${at(when).toFixed(1)}V${y(n)}`
		return [
			Lab.shape("path", {class: "queue", d: path + `H${width}V${bottom}Z`}),
			Lab.shape("text", {x: width - 2, y: bottom - queueHeight + 12, class: "small end halo"}, `held up: at most ${longest(a)}`),
		]
	}

	const axis = (scene, at, width, bottom) => {
		const marks = [Lab.shape("line", {class: "axis", x1: 0, x2: width, y1: bottom, y2: bottom})]
		const span = (scene.to - scene.from) / 1e6
		const every = [5, 10, 20, 50, 100, 200, 500].find(e => span / e <= width / 70) || 1000
		for (let t = Math.ceil(scene.from / 1e6 / every) * every; t * 1e6 <= scene.to; t += every) {
			const px = at(t * 1e6)
			marks.push(Lab.shape("line", {class: "axis", x1: px, x2: px, y1: bottom, y2: bottom + 3}))
			if (px < width - 46 && px > 1) marks.push(Lab.shape("text", {class: "small middle", x: Math.max(14, px), y: bottom + 13}, t + " ms"))
		}
		return Lab.shape("g", {}, ...marks)
	}

	// summary says in words what the lanes show.
	const summary = a => Lab.hides() ? `Lanes of the ${a.model}. The figures are hidden until you have guessed.`
		: `Lanes of the ${a.model}: of ${a.offered} requests ${a.answered} were answered, half within ${Lab.millis(a.p50)}, 99 of 100 within ${Lab.millis(a.p99)}.`

	// latencies is a histogram on an axis whose steps are factors of ten, with p50, p99 and the rule.
	const drawLatencies = (a, svg) => {
		if (Lab.hides()) {
			svg.replaceChildren(Lab.shape("text", {x: 130, y: 60, class: "middle small"}, "guess first"))
			svg.setAttribute("aria-label", "Latencies: hidden until you have guessed.")
			return
		}
		const left = 10, width = 240, foot = 92, high = 56
		const least = Math.log(1e5), all = Math.log(1e10) - least
		const px = ns => left + Math.max(0, Math.min(1, (Math.log(Math.max(ns, 1)) - least) / all)) * width
		const most = Math.max(1, ...a.histogram)
		const bars = a.histogram.map((n, i) => n === 0 ? "" : Lab.shape("rect", {
			class: "bar", x: px(i === 0 ? 1e5 / 1.2 : Lab.data.bounds[i - 1]).toFixed(1), width: (width * Math.log(1.2) / all - 0.4).toFixed(1),
			y: (foot - n / most * high).toFixed(1), height: (n / most * high).toFixed(1),
		}, Lab.shape("title", {}, `${n} answered`)))
		// p50 has its name to the left and above, p99 to the right, and the rule below the axis: no
		// line crosses a name, wherever the three are.
		const mark = (ns, name, y, anchor) => [
			Lab.shape("line", {class: "quantile", x1: px(ns), x2: px(ns), y1: y + 2, y2: foot}),
			Lab.shape("text", {class: "small " + anchor, x: px(ns) + (anchor === "end" ? -3 : 3), y: y + 10}, name),
		]
		const rule = Lab.state.settings.rule, place = px(rule)
		const ticks = [[1e6, "1 ms"], [1e7, "10 ms"], [1e8, "100 ms"], [1e9, "1 s"]].map(([ns, name]) => Lab.shape("text", {class: "small middle", x: px(ns), y: foot + 13}, name))
		svg.replaceChildren(...bars, Lab.shape("line", {class: "rule", x1: place, x2: place, y1: 28, y2: foot}),
			Lab.shape("text", {class: "small middle breaks", x: Math.max(30, Math.min(230, place)), y: foot + 26}, "rule " + Lab.short(rule)),
			...mark(a.p50, "p50", 0, "end"), ...mark(a.p99, "p99", 13, "start"),
			Lab.shape("line", {class: "axis", x1: left, x2: left + width, y1: foot, y2: foot}), ...ticks)
		svg.setAttribute("aria-label", `Latencies of the ${a.model}: p50 ${Lab.millis(a.p50)}, p99 ${Lab.millis(a.p99)}, the rule is ${Lab.short(rule)}.`)
	}

	// busy says how many cores compute, in hundredths.
	const busy = cores => cores === 0 ? "less than 0.01 cores busy" : `${(cores / 100).toFixed(2)} cores busy`

	const drawFigures = (a, p) => {
		if (Lab.hides()) {
			p.replaceChildren(Lab.make("span", {class: "dim"}, "p50 ?, p99 ?"))
			return
		}
		const least = is => is ? "at least " : ""
		p.replaceChildren(
			Lab.make("b", {class: a.keeps ? "right" : "breaks"}, a.keeps ? "keeps the rule" : "breaks the rule"),
			`: p50 ${least(a.p50AtLeast)}${Lab.millis(a.p50)}, p99 ${least(a.p99AtLeast)}${Lab.millis(a.p99)}. ${a.answered} of ${a.offered} answered in ${Lab.data.lasts / 1e9} s, ${busy(a.cores)}.`,
			Lab.state.station.name !== "lost" ? "" : a.copies > 1 ? ` ${a.copies} counters, none shared.` : ` ${a.lost} updates lost.`)
	}

	return answers => {
		const most = Math.max(4, ...answers.map(longest))
		for (const a of answers) {
			const {figures, lanes, latencies} = articles[a.model]
			drawFigures(a, figures)
			drawLanes(a, lanes, most)
			drawLatencies(a, latencies)
		}
	}
})()
