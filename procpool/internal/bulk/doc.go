// Package bulk carries large bodies through the file that a worker and its pool share. Behind the
// crash ledger the file has two areas: the pool writes inputs into the first, the worker writes
// results into the second. Who has written a body reuses its place when the other side needs it no
// more: an input's when its task has left the worker, a result's when FREE has come. A body that
// finds no room travels in frames.
//
// A file whose size is sealed is mapped. Any other one is read and written by system calls: a
// process that cut it short would end the other one by SIGBUS.
package bulk
