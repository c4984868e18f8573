package chart

import "github.com/quartet-go/quartet/examples/compare/internal/result"

// Of draws what a table is about. ok is false for a table that has no picture.
func Of(t result.Table, width int) (svg string, ok bool) {
	switch t.Name {
	case "mixed", "chat":
		return Latencies(t, width), true
	case "wait":
		return Throughput(t, width), true
	case "crunch":
		return SpeedUp(t, width), true
	}
	return "", false
}
