// Package linear checks that the histories of one Future are linearizable: whatever goroutines do
// with it at once, there is an order of their calls, each at one moment between its begin and its
// end, in which a Future without concurrency would have answered the same. It is a module of its
// own, as the checker is not the standard library's.
package linear
