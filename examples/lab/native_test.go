package main

import (
	_ "embed"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"

	"github.com/quartet-go/quartet/examples/lab/internal/model"
)

// nativeWorker takes the place of worker.js: it asks the server.
//
//go:embed testdata/worker.js
var nativeWorker string

// withNativeModels serves the page with the models of this process. A browser takes a second of
// computing to start them in WebAssembly, and several to run them, in each tab. Their answers are
// the same bytes: TestAnswersAreIdenticalInWebAssembly.
func withNativeModels(s site) http.Handler {
	s = maps.Clone(s)
	s["engine.js"] = fmt.Appendf(nil, "Lab.engine = {wasm: \"\", worker: %q}\nLab.ask.start()\n", nativeWorker)
	mux := http.NewServeMux()
	mux.Handle("/", s)
	mux.HandleFunc("POST /ask", func(w http.ResponseWriter, r *http.Request) {
		question, err := io.ReadAll(r.Body)
		if err != nil {
			return // the page has been closed
		}
		_, _ = w.Write(natively(question))
	})
	return mux
}

// answered are the models' answers to the questions of all tests: pages ask the same ones.
var answered sync.Map // from the question to a func() []byte

// natively is the models' answer.
func natively(question []byte) []byte {
	ask := sync.OnceValue(func() []byte { return model.Call(question) })
	first, _ := answered.LoadOrStore(string(question), ask)
	return first.(func() []byte)()
}
