// The settings as sentences, whose numbers can be dragged.
"use strict"

Lab.sentence = (() => {
	const ms = 1e6
	const locked = step => step.do === "compute" || step.do === "hold"
	const free = step => step.do === "release"
	const waits = step => !locked(step) && !free(step)
	const sum = which => Lab.state.settings.script.filter(which).reduce((all, step) => all + step.for, 0)

	// scale makes the lines of a kind last so long together, and adds a line or takes them away.
	const scale = (script, which, total, line, place) => {
		const lines = script.filter(which)
		if (total <= 0) return script.filter(step => !which(step))
		const before = lines.reduce((all, step) => all + step.for, 0)
		if (before === 0) {
			const kept = script.filter(step => !which(step))
			kept.splice(place(kept), 0, {do: line, for: total})
			return kept
		}
		for (const step of lines) step.for = Math.max(10000, Math.round(step.for * total / before / 10000) * 10000)
		return script
	}
	const first = () => 0
	const afterCompute = script => script.findLastIndex(locked) + 1
	const last = script => script.length

	const setCPU = (settings, total, share) => {
		if (total <= 0 && sum(waits) === 0) return
		settings.script = scale(settings.script, locked, Math.round(total * share), "compute", first)
		settings.script = scale(settings.script, free, Math.round(total * (1 - share)), "release", afterCompute)
	}
	const cpu = () => sum(locked) + sum(free)
	const share = () => cpu() === 0 ? 1 : sum(locked) / cpu()
	const setting = (name, label, rungs, write = String) => Lab.number({
		id: "n-" + name, label, rungs, write, get: () => Lab.state.settings[name], set: value => Lab.change(s => { s[name] = value }),
	})

	const numbers = {
		threads: setting("threads", "threads", Lab.count(64)),
		rate: setting("rate", "requests a second", Lab.ladder(1, 2000)),
		cores: setting("cores", "cores", Lab.count(16)),
		cpu: Lab.number({
			id: "n-cpu", label: "computing of a request", rungs: Lab.ladder(0, 100 * ms, ms / 10), write: Lab.short, get: cpu,
			set: value => Lab.change(s => setCPU(s, value, share())),
		}),
		share: Lab.number({
			id: "n-share", label: "of it under the lock, in percent", rungs: Array.from({length: 21}, (_, i) => 5 * i), write: n => n + " %",
			get: () => Math.round(share() * 100), set: value => Lab.change(s => setCPU(s, cpu(), value / 100)),
		}),
		wait: Lab.number({
			id: "n-wait", label: "waiting of a request", rungs: Lab.ladder(0, 500 * ms, ms / 10), write: Lab.short, get: () => sum(waits),
			set: value => Lab.change(s => { if (value > 0 || cpu() > 0) s.script = scale(s.script, waits, value, "block", last) }),
		}),
		interval: setting("interval", "switch interval", Lab.ladder(ms / 10, 100 * ms, ms / 10), Lab.short),
		job: setting("job", "computing of the job beside", [0, ...Lab.ladder(ms, 500 * ms, ms)], Lab.short),
		pieces: setting("pieces", "pieces of the job", Lab.count(100)),
		rule: setting("rule", "the rule", Lab.ladder(ms, 1000 * ms, ms), Lab.short),
		seed: setting("seed", "seed of the arrivals", Lab.count(100)),
	}
	const pieces = document.createTextNode("")
	const job = document.createTextNode("")

	Lab.byId("sentence").append(
		numbers.threads, " threads (the loop has one, and there is one process for each core) serve ", numbers.rate, " requests a second on ", numbers.cores, " cores. Each request computes ",
		numbers.cpu, ", ", numbers.share, " of it under the lock, and waits ", numbers.wait, ". A thread that wants the lock waits ",
		numbers.interval, " (the switch interval) before it demands it. Beside them a job computes ", numbers.job, job, numbers.pieces, pieces,
		"The rule: 99 of 100 requests take at most ", numbers.rule, ". Requests arrive at random, by seed ", numbers.seed, ".")

	return () => {
		for (const number of Object.values(numbers)) number.show()
		job.data = Lab.state.settings.job > 0 ? ", again and again, in " : " (there is none), in "
		pieces.data = Lab.state.settings.pieces === 1 ? " piece. " : " pieces. "
	}
})()
