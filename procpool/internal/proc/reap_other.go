//go:build !linux

package proc

// ReapGroup does nothing: orphans go to the system's own first process.
func ReapGroup(int) {}

// ReapOrphans does nothing.
func ReapOrphans(int) {}
