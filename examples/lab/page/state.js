// What the page shows: a station, its settings, and the learner's guess. All of it is in the address.
"use strict"

Lab.state = {station: null, settings: null, guess: -1, shown: false, request: 0}

Lab.station = name => Lab.data.stations.find(s => s.name === name) || Lab.data.stations[0]

// enter goes to a station, with its own settings.
Lab.enter = name => {
	const station = Lab.station(name)
	Object.assign(Lab.state, {station, settings: structuredClone(station.settings), guess: -1, shown: false, request: 0})
}

// The address has times in microseconds.
const fields = {t: "threads", c: "cores", r: "rate", p: "pieces", seed: "seed"}
const times = {i: "interval", j: "job", rule: "rule", from: "from", span: "span"}

Lab.address = () => {
	const {station, settings, guess} = Lab.state
	const parts = ["at=" + station.name, "script=" + settings.script.map(s => s.do + "-" + s.for / 1000).join(".")]
	for (const [key, name] of Object.entries(fields)) parts.push(key + "=" + settings[name])
	for (const [key, name] of Object.entries(times)) parts.push(key + "=" + settings[name] / 1000)
	if (guess >= 0) parts.push("guess=" + guess)
	return "#" + parts.join("&")
}

// read takes the state from an address that anybody may have written: the models check the numbers.
Lab.read = address => {
	const given = new URLSearchParams(address.replace(/^#/, ""))
	Lab.enter(given.get("at"))
	const {settings, station} = Lab.state
	if (given.has("script")) {
		settings.script = given.get("script").split(".").map(line => {
			const [verb, us] = line.split("-")
			return {do: verb, for: whole(us) * 1000}
		})
	}
	for (const [key, name] of Object.entries(fields)) if (given.has(key)) settings[name] = whole(given.get(key))
	for (const [key, name] of Object.entries(times)) if (given.has(key)) settings[name] = whole(given.get(key)) * 1000
	const guess = given.has("guess") ? whole(given.get("guess")) : -1
	if (guess >= 0 && guess < station.options.length) Lab.state.guess = guess
}

const whole = text => {
	const n = Math.round(Number(text))
	return Number.isSafeInteger(n) && Math.abs(n) < 1e12 ? n : 0
}

// hides reports whether figures are hidden: before a guess, and in front of a class until they are shown.
Lab.hides = () => Lab.state.guess < 0 || Lab.byId("teacher").checked && !Lab.state.shown

// change changes the settings, and draws everything anew.
Lab.change = how => {
	how(Lab.state.settings)
	Lab.state.shown = false
	Lab.redraw()
}

Lab.read(location.hash)
