//go:build js && wasm

// Command wasm is the lab's model for a browser. It sets the global function lab, which takes a
// question in JSON and a function that gets the answer in JSON, and then calls labReady.
package main

import (
	"syscall/js"

	"github.com/quartet-go/quartet/examples/lab/internal/model"
)

func main() {
	js.Global().Set("lab", js.FuncOf(func(_ js.Value, args []js.Value) any {
		question, answer := []byte(args[0].String()), args[1]
		go func() { answer.Invoke(string(model.Call(question))) }() // a callback of JavaScript must not wait
		return nil
	}))
	js.Global().Call("labReady")
	select {}
}
