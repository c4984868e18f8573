// Package places holds tests of procpool in the places where it is used: with few descriptors or
// processes, under signals to the whole group, as PID 1, without /proc or with a full /dev/shm, on
// a terminal. A test makes its place, with unshare where it takes a namespace, and is skipped by
// name where the system refuses.
package places
