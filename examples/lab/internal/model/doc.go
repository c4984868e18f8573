// Package model runs the lab's script of six verbs on four models, in virtual time: an event loop,
// a pool, processes and threads under a global lock. It runs natively and in a browser, with the
// same figures to the byte: it computes with integers, and draws from seeded streams.
//
// The loop is the library's own event loop under a virtual clock. The others are threads of package
// gil's simulated machine: those of a pool have no lock, each process has a lock of its own, and
// the threads under a global lock share one.
package model
