package chart

import "github.com/quartet-go/quartet/examples/compare/internal/result"

// Of draws what a table is about, under a heading, if that is not "". ok is false for a table that
// has no picture.
func Of(t result.Table, width int, heading string) (svg string, ok bool) {
	switch t.Name {
	case "mixed", "chat":
		return Ranges(t, width, heading), true
	case "wait":
		return Multiples(t, width, heading), true
	case "crunch":
		return SpeedUp(t, width, heading), true
	case "language":
		return Times(t, width, heading), true
	}
	return "", false
}
