package chart

import (
	"math"
	"math/bits"
	"time"

	"github.com/quartet-go/quartet/examples/compare/internal/result"
)

// log2 is the binary logarithm in 65,536ths, by squaring: whole numbers, the same on every machine.
// 0 counts as 1.
func log2(x uint64) int {
	if x == 0 {
		return 0
	}
	whole := bits.Len64(x) - 1
	part, frac := x<<(63-whole), 0 // from 1 up to 2, in 2⁻⁶³
	for range 16 {
		hi, lo := bits.Mul64(part, part)
		frac <<= 1
		if hi>>63 == 1 { // the square is 2 or more
			part, frac = hi, frac|1
		} else {
			part = hi<<1 | lo>>63
		}
	}
	return whole<<16 | frac
}

// logScale puts from and to at the ends of a stretch.
type logScale struct {
	from, to uint64
	at, span tenth
}

func (s logScale) of(x uint64) tenth {
	lo, hi := log2(s.from), log2(s.to)
	v := log2(min(max(x, s.from), s.to))
	return s.at + tenth(int64(s.span)*int64(v-lo)/int64(max(1, hi-lo)))
}

// ticks are the round numbers from from to to, or, of more than two decades, the powers of ten.
func (s logScale) ticks() (all []uint64) {
	for n := uint64(1); n <= s.to && n < math.MaxUint64/10; n = rounder(n) {
		if n >= s.from && (s.to/s.from <= 100 || isPowerOfTen(n)) {
			all = append(all, n)
		}
	}
	return all
}

func isPowerOfTen(n uint64) bool {
	for n > 1 && n%10 == 0 {
		n /= 10
	}
	return n == 1
}

// roundAround are the nearest round numbers between which all of xs lie; of none, 1 and 2.
func roundAround(xs []uint64) (from, to uint64) {
	from = 1
	for len(xs) > 0 && rounder(from) <= minOf(xs) {
		from = rounder(from)
	}
	for to = rounder(from); to < maxOf(xs); {
		to = rounder(to)
	}
	return from, to
}

// rounder is the next of 1, 2, 5, 10, 20 and so on.
func rounder(than uint64) uint64 {
	for ten := uint64(1); ; ten *= 10 {
		for _, n := range []uint64{1, 2, 5} {
			if n*ten > than {
				return n * ten
			}
		}
	}
}

func minOf(xs []uint64) uint64 {
	m := ^uint64(0)
	for _, x := range xs {
		m = min(m, max(1, x))
	}
	return m
}

func maxOf(xs []uint64) uint64 {
	m := uint64(1)
	for _, x := range xs {
		m = max(m, x)
	}
	return m
}

// unit is a duration as pictures show it.
func unit(d time.Duration) string { return result.Spaced(d) }

func models(t result.Table) (names []string) {
	for _, r := range t.Rows {
		names = append(names, r.Model)
	}
	return names
}
