// Package child is what runs in a worker that is this program: it takes calls from the pool, runs
// one at a time, and sends their results. Nothing in it runs in the parent.
//
// # Goroutines
//
// Few goroutines do all: those that run server.work read frames, run tasks and write results in
// turn. The watch and the heart beat each have one of their own. They are never joined: a worker
// ends by os.Exit, or is killed.
//
// # Locks
//
// server.mu comes first, then outlet.pieces, then outlet.mu. Results are put into shared memory
// with none of them held. User code (functions, hooks, codecs, methods of errors) is called with
// none of them held.
package child
