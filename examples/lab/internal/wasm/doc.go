//go:build !js || !wasm

// Command wasm is the lab's model for a browser. It is built with GOOS=js and GOARCH=wasm.
package main

func main() { println("wasm runs in a browser: go run ./examples/lab") }
