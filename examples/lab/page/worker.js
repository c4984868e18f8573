// The worker: the first message has the models, all others are questions.
"use strict"

onmessage = first => start(first.data).catch(error => postMessage({broken: String(error)}))

const start = async base64 => {
	const text = atob(base64)
	const bytes = new Uint8Array(text.length)
	for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
	const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))
	const go = new Go()
	const {instance} = await WebAssembly.instantiate(await new Response(stream).arrayBuffer(), go.importObject)
	self.labReady = () => {
		onmessage = ({data}) => self.lab(JSON.stringify(data.question), answer => postMessage({id: data.id, ...JSON.parse(answer)}))
		postMessage({ready: true})
	}
	await go.run(instance)
}
