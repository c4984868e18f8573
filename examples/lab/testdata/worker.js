// A worker whose models are in the server's process. It answers in the order of the questions.
"use strict"

let last = Promise.resolve()

const ask = async ({id, question}) => {
	const response = await fetch(self.origin + "/ask", {method: "POST", body: JSON.stringify(question)})
	postMessage({id, ...await response.json()})
}

onmessage = () => {
	onmessage = ({data}) => { last = last.then(() => ask(data)) }
	postMessage({ready: true})
}
