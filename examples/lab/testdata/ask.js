// Asks the models in WebAssembly what the lines of standard input ask, and prints their answers.
"use strict"
const fs = require("node:fs")
const [, , wasmExec, wasm] = process.argv
require(wasmExec)
const go = new Go()
WebAssembly.instantiate(fs.readFileSync(wasm), go.importObject).then(({instance}) => {
	globalThis.labReady = async () => {
		const answers = []
		for (const question of fs.readFileSync(0, "utf8").trim().split("\n")) {
			answers.push(await new Promise(resolve => globalThis.lab(question, resolve)))
		}
		process.stdout.write(answers.join("\n"), () => process.exit(0)) // an exit before would cut them
	}
	go.run(instance)
})
