// Package functions is the table of named functions: what a program that runs calls of others can
// say of its own. The names are those of quartet.Define and Declare, for the whole program, and
// stay. All may be called from any goroutine.
package functions

import (
	"iter"
	"sync"
)

// Codec is quartet.Codec. It is declared again here, since the root package imports this one.
type Codec interface {
	Append(dst []byte, v any) ([]byte, error)
	Decode(data []byte, p any) error
}

// Function is one function without its types.
type Function interface {
	// HasBody reports whether this program can run it.
	HasBody() bool
	// RecodeInput appends to dst, encoded by to, the input that from decodes out of data. An error
	// means that data is no input of this function, or cannot be one in the other encoding.
	RecodeInput(dst []byte, to Codec, data []byte, from Codec) ([]byte, error)
	// RecodeOutput is RecodeInput for what the function returned.
	RecodeOutput(dst []byte, to Codec, data []byte, from Codec) ([]byte, error)
}

var table sync.Map // string → Function; written at init, read for each call

// Add names f; it reports false when the name is taken.
func Add(name string, f Function) bool {
	_, taken := table.LoadOrStore(name, f)
	return !taken
}

// Lookup returns the function of that name, or nil.
func Lookup(name string) Function {
	f, _ := table.Load(name)
	fn, _ := f.(Function)
	return fn
}

// All yields the functions with their names, in no order.
func All() iter.Seq2[string, Function] {
	return func(yield func(string, Function) bool) {
		table.Range(func(name, f any) bool { return yield(name.(string), f.(Function)) })
	}
}
