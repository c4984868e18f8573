package gil

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Dist is a distribution of durations, sampled with integers alone. Its zero value is always 0.
// Dists can be compared; two that [Measured] made are equal only if one is a copy of the other. It
// is a small value without a pointer, but for Measured, so that a Load can be copied and compared.
type Dist struct {
	shape shape
	a     time.Duration    // the constant, the median, the mean or the lower end
	b     time.Duration    // of a uniform one: its length
	table *[]time.Duration // of Measured: quantiles, at equal steps
}

type shape uint8

const (
	constant shape = iota
	uniform
	expShape
	narrowShape
	wideShape
	measured
)

// Const is always d.
func Const(d time.Duration) Dist { return Dist{shape: constant, a: positive("Const", d)} }

// Uniform is anything from lo to hi, alike. It panics when hi is below lo.
func Uniform(lo, hi time.Duration) Dist {
	if hi < lo {
		panic(fmt.Sprintf("gil: Uniform(%v, %v): the second is below the first", lo, hi))
	}
	return Dist{shape: uniform, a: positive("Uniform", lo), b: hi - lo}
}

// Exp is exponential: times between independent arrivals. It is cut at about eight means.
func Exp(mean time.Duration) Dist { return Dist{shape: expShape, a: positive("Exp", mean)} }

// Narrow is lognormal with σ 0.3 around median: half of it is within a fifth of median.
func Narrow(median time.Duration) Dist {
	return Dist{shape: narrowShape, a: positive("Narrow", median)}
}

// Wide is lognormal with σ 0.8 around median, as the times of requests are: one of a hundred takes
// six times as long.
func Wide(median time.Duration) Dist { return Dist{shape: wideShape, a: positive("Wide", median)} }

// Measured is distributed as the values are, in any order: a service's own times, or quantiles of
// them at equal steps, such as Measured(least, p25, p50, p75, most). Between two values it is
// linear. It panics without values, and on a negative one.
func Measured(values ...time.Duration) Dist {
	if len(values) == 0 {
		panic("gil: Measured without values")
	}
	table := slices.Sorted(slices.Values(values))
	positive("Measured", table[0])
	return Dist{shape: measured, table: &table}
}

// positive refuses negative times when a Dist is made, so that no simulation has to.
func positive(name string, d time.Duration) time.Duration {
	if d < 0 {
		panic(fmt.Sprintf("gil: %s(%v): a duration is not negative", name, d))
	}
	return d
}

// Mean returns the mean.
func (d Dist) Mean() time.Duration {
	switch d.shape {
	case uniform:
		return d.a + d.b/2
	case narrowShape:
		// exp(σ²/2) is the mean of a lognormal distribution of median 1: 1.046 for σ 0.3, 1.377 for
		// 0.8.
		return d.a * 1046 / 1000
	case wideShape:
		return d.a * 1377 / 1000
	case measured:
		return d.measuredMean()
	}
	return d.a
}

// measuredMean is the mean of the lines between the values.
func (d Dist) measuredMean() time.Duration {
	values := *d.table
	last := len(values) - 1
	if last == 0 {
		return values[0]
	}
	twice := values[0] + values[last]
	for _, v := range values[1:last] {
		twice += 2 * v
	}
	return twice / time.Duration(2*last)
}

// Sample draws a duration, with random bits of src: the same bits give the same durations on every
// architecture.
func (d Dist) Sample(src rand.Source) time.Duration { return d.sample(src) }

// Each draw takes one number of s, whatever the shape, but for a constant: it takes none. So one
// shape can be replaced by another, but for a constant, without a shift in all later draws.
func (d Dist) sample(s rand.Source) time.Duration {
	switch d.shape {
	case uniform:
		// The upper end is one of its values, hence + 1.
		return d.a + time.Duration(below(s.Uint64(), uint64(d.b)+1))
	case expShape:
		return scale(s.Uint64(), d.a, &exponential)
	case narrowShape:
		return scale(s.Uint64(), d.a, &narrow)
	case wideShape:
		return scale(s.Uint64(), d.a, &wide)
	case measured:
		return d.between(s.Uint64())
	}
	return d.a
}

// between is the quantile that random bits say. In parts of 1/65536 of a step, as integers, like
// the tables.
func (d Dist) between(bits uint64) time.Duration {
	values := *d.table
	if len(values) == 1 {
		return values[0]
	}
	const parts = 1 << 16
	at := below(bits, uint64(len(values)-1)*parts)
	lo, hi := values[at/parts], values[at/parts+1]
	return lo + time.Duration(mulDiv(uint64(hi-lo), at%parts, parts))
}

// String writes the call that makes the distribution.
func (d Dist) String() string {
	switch d.shape {
	case uniform:
		return fmt.Sprintf("%v–%v", d.a, d.a+d.b)
	case expShape:
		return fmt.Sprintf("exp %v", d.a)
	case narrowShape:
		return fmt.Sprintf("≈%v", d.a)
	case wideShape:
		return fmt.Sprintf("~%v", d.a)
	case measured:
		values := *d.table
		return fmt.Sprintf("%d values, %v–%v", len(values), values[0], values[len(values)-1])
	}
	return d.a.String()
}
