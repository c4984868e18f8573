// Where the time of one request went, on each model.
"use strict"

Lab.where = (() => {
	const names = ["queued", "computes or waits for a core", "native, keeps the lock", "native, without the lock", "ready, waits for its turn", "waits"]

	const numbers = ["request", "request2"].map((id, i) => {
		const number = Lab.number({
			id: "n-" + id, label: "the request that is shown", rungs: Lab.count(4000), write: String,
			get: () => Lab.state.request, set: value => choose(value),
		})
		Lab.byId(id).append(number)
		return number
	})

	const choose = request => {
		Lab.state.request = request
		draw()
		Lab.cursor.draw()
	}

	// pick takes the first request of the picture when none is chosen that is in it.
	const pick = () => {
		const requests = Lab.answers[0].scene.requests.filter(r => !r.job)
		if (requests.length > 0 && !requests.some(r => r.id === Lab.state.request)) {
			const whole = requests.find(r => r.arrived >= Lab.answers[0].scene.from) || requests[0]
			Lab.state.request = whole.id
		}
	}

	const row = (r, i, longest) => {
		const bar = Lab.make("div", {class: "bars", "aria-hidden": "true"}, ...r.looks.map((ns, look) => ns === 0 ? null
			: Lab.make("i", {class: "look" + look, style: `width:${(100 * ns / longest).toFixed(2)}%`, title: `${names[look]}: ${Lab.millis(ns)}`})))
		const words = [r.done ? "" : "not answered when the time was over", ...r.looks.map((ns, look) => ns > 0 ? `${names[look]} ${Lab.millis(ns)}` : "")].filter(Boolean).join("; ")
		return Lab.make("tr", {}, Lab.make("th", {scope: "row"}, Lab.data.models[i]),
			Lab.make("td", {}, (r.done ? "" : "over ") + Lab.millis(r.took)), Lab.make("td", {class: "wide"}, bar, Lab.make("span", {class: "small"}, words)))
	}

	const draw = async () => {
		for (const number of numbers) number.show()
		const {request, settings} = Lab.state
		if (Lab.hides()) {
			Lab.byId("where").replaceChildren(Lab.make("p", {class: "dim"}, "Guess first."))
			return
		}
		if (request < 1) return
		let all
		try {
			all = await Lab.ask({do: "where", id: request, settings})
		} catch (error) {
			Lab.byId("where").replaceChildren(Lab.make("p", {}, error.message))
			return
		}
		if (request !== Lab.state.request || Lab.hides()) return
		const longest = Math.max(...all.map(r => r.took), 1)
		Lab.byId("where").replaceChildren(Lab.make("table", {}, Lab.make("tbody", {}, ...all.map((r, i) => row(r, i, longest)))))
	}
	return {draw, choose, pick}
})()
