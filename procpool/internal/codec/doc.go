// Package codec writes and reads the inputs and outputs of calls: in a compact form between two
// processes of one build, as JSON and raw bytes between this program and others.
//
// # Who is trusted
//
// The bytes come from another process, which may be an enemy to the pool and is trusted by a
// worker; both decode with the same code. So every length is checked before memory is taken,
// nesting has a bound, and a value that cannot be what the type says is an error. No decoder of
// this package panics on any input.
//
// # Sharing
//
// Forms and shapes of types are compiled once, and then only read, by any number of goroutines. A
// codec that Of returns is for one body, or one stream.
//
// # Which codec
//
// The pool and a worker agree on one by name when the worker says hello. A worker that is this
// program has the compact form; any other has JSON. A codec is made anew for each body, and for
// each stream of items (Of), since it notes whether the last of them is raw.
package codec
