//go:build !unix

package proc

// Shortage is not told apart here.
func Shortage(error) bool { return false }

// NoThread is not told apart here.
func NoThread([]byte) error { return nil }
