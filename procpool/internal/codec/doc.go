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
// codec that Of returns is for one body.
package codec
