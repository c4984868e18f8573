// Package wire is the language of the pool and its workers: frames, hellos, errors on their way,
// and the crash ledger. It does no I/O of its own but one: reading the ledger of a dead worker.
// PROTOCOL.md describes it for other languages.
package wire
