// Package proc is what differs between operating systems: how a worker is started and gets its
// pipes, how it dies with its parent, how its memory is measured, and where the crash ledger lies.
// It knows nothing of calls.
package proc
