// Questions to the models, which run in a worker.
"use strict"

Lab.ask = (() => {
	let worker = null
	let asked = 0
	const waiting = new Map()
	const early = [] // questions from before the worker was ready

	const send = (id, question) => worker.postMessage({id, question})

	const heard = event => {
		if (event.data.broken) {
			Lab.wrong("The models do not run in this browser: " + event.data.broken)
			return
		}
		if (event.data.ready) {
			Lab.ask.ready = true
			for (const [id, question] of early.splice(0)) send(id, question)
			return
		}
		const {resolve, reject} = waiting.get(event.data.id)
		waiting.delete(event.data.id)
		if (event.data.error) reject(new Error(event.data.error))
		else resolve(event.data.answer)
	}

	// ask returns a promise of the answer. Answers come in the order of the questions.
	const ask = question => new Promise((resolve, reject) => {
		const id = ++asked
		waiting.set(id, {resolve, reject})
		if (Lab.ask.ready) send(id, question)
		else early.push([id, question])
	})

	// start is called by engine.js, when it has arrived.
	ask.start = () => {
		worker = new Worker(URL.createObjectURL(new Blob([Lab.engine.worker], {type: "text/javascript"})))
		worker.onmessage = heard
		worker.onerror = event => Lab.wrong("The models do not run in this browser: " + event.message)
		worker.postMessage(Lab.engine.wasm)
		Lab.engine = null
	}
	ask.ready = false
	return ask
})()
