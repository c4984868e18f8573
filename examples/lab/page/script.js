// The script in three languages. Its lines can be changed, and show where a request is.
"use strict"

Lab.script = (() => {
	const code = {
		go: {
			compute: ["gil.Compute(ctx, ", ")"], hold: ["gil.HoldLock(ctx, ", ")"], release: ["gil.Released(ctx, ", ")"],
			sleep: ["quartet.Sleep(ctx, ", ")"], await: ["reply(", ").Await(ctx)"], block: ["quartet.Block(ctx, query(", "))"],
		},
		python: {
			compute: ["crunch(", ")  # bytecode"], hold: ["json.loads(big)  # ", ", with the lock"], release: ["zlib.compress(big)  # ", ", without it"],
			sleep: ["time.sleep(", ")"], await: ["future(", ").result()"], block: ["socket.recv(n)  # after ", ""],
		},
		js: {
			compute: ["crunch(", ")"], hold: ["JSON.parse(big)  // ", ""], release: ["zlib.deflateSync(big)  // ", ""],
			sleep: ["await setTimeout(", ")"], await: ["await reply(", ")"], block: ["await fs.readFile(name)  // after ", ""],
		},
	}
	let language = "go"
	let shown = ""

	const change = how => Lab.change(how)
	const row = (step, i) => {
		const verb = Lab.make("select", {"aria-label": `verb of line ${i + 1}`, onchange: event => change(s => { s.script[i].do = event.target.value })},
			...Lab.data.verbs.map(v => Lab.make("option", {value: v, selected: v === step.do}, v)))
		const [before, after] = code[language][step.do] || ["", ""]
		const length = Lab.number({
			id: `line-${i}`, label: `how long line ${i + 1} takes`, rungs: Lab.ladder(0, 500e6, 1e5), write: Lab.short,
			get: () => (Lab.state.settings.script[i] || step).for, set: value => change(s => { s.script[i].for = value }),
		})
		const remove = Lab.make("button", {
			type: "button", class: "remove", "aria-label": `remove line ${i + 1}`, disabled: Lab.state.settings.script.length === 1,
			onclick: () => change(s => { s.script.splice(i, 1) }),
		}, "×")
		return Lab.make("li", {"data-step": i, onpointerenter: () => light(i, true), onpointerleave: () => light(i, false)},
			verb, Lab.make("code", {}, before, length, after), remove, Lab.make("span", {class: "marks"}))
	}

	// light lights the spans of a line in the lanes.
	const light = (step, on) => {
		for (const span of document.querySelectorAll(`.lanes [data-step="${step}"]`)) span.classList.toggle("lit", on)
	}

	// draw makes the lines anew when their kinds have changed: a number that is being dragged stays.
	const draw = () => {
		const {script} = Lab.state.settings
		const kinds = language + script.map(s => s.do).join()
		if (kinds !== shown) {
			shown = kinds
			Lab.byId("lines").replaceChildren(...script.map(row))
		}
		for (const number of document.querySelectorAll("#lines .number")) number.show()
		for (const button of document.querySelectorAll("[data-language]")) button.setAttribute("aria-pressed", button.dataset.language === language)
	}

	for (const button of document.querySelectorAll("[data-language]")) {
		button.addEventListener("click", () => { language = button.dataset.language; draw(); Lab.cursor.draw() })
	}
	Lab.byId("add").addEventListener("click", () => change(s => s.script.push({do: "sleep", for: 1e6})))

	// mark shows at which line the models are: a map from line to names.
	draw.mark = at => {
		for (const line of document.querySelectorAll("#lines > li")) {
			const models = at.get(Number(line.dataset.step)) || []
			line.classList.toggle("current", models.length > 0)
			line.querySelector(".marks").replaceChildren(...models.map(([model, look]) => Lab.make("b", {class: "mark look" + look}, model)))
		}
	}
	return draw
})()
