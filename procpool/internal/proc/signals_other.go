//go:build !unix

package proc

// OutliveSignals does nothing here.
func OutliveSignals() {}
