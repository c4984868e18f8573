//go:build !linux

package procpool_test

func parent() {}
