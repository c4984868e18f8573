// Package child is what runs in a worker that is this program: it takes calls from the pool, runs
// one at a time, and sends their results. Nothing in it runs in the parent.
package child
