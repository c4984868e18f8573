package gil

import (
	"fmt"
	"time"
)

// Dist is a distribution of durations, sampled with integers alone. Its zero value is always 0. Dists can be compared.
type Dist struct {
	shape shape
	a, b  time.Duration
}

type shape uint8

const (
	constant shape = iota
	uniform
	expShape
	narrowShape
	wideShape
)

// Const is always d.
func Const(d time.Duration) Dist { return Dist{constant, positive("Const", d), 0} }

// Uniform is anything from lo to hi, alike. It panics when hi is below lo.
func Uniform(lo, hi time.Duration) Dist {
	if hi < lo {
		panic(fmt.Sprintf("gil: Uniform(%v, %v): the second is below the first", lo, hi))
	}
	return Dist{uniform, positive("Uniform", lo), hi - lo}
}

// Exp is exponential: times between independent arrivals. It is cut at about eight means.
func Exp(mean time.Duration) Dist { return Dist{expShape, positive("Exp", mean), 0} }

// Narrow is lognormal with σ 0.3 around median: half of it is within a fifth of median.
func Narrow(median time.Duration) Dist { return Dist{narrowShape, positive("Narrow", median), 0} }

// Wide is lognormal with σ 0.8 around median, as the times of requests are: one of a hundred takes six times as long.
func Wide(median time.Duration) Dist { return Dist{wideShape, positive("Wide", median), 0} }

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
		return d.a * 1046 / 1000
	case wideShape:
		return d.a * 1377 / 1000
	}
	return d.a
}

func (d Dist) sample(s *stream) time.Duration {
	switch d.shape {
	case uniform:
		return d.a + time.Duration(s.below(uint64(d.b)+1))
	case expShape:
		return s.scale(d.a, &exponential)
	case narrowShape:
		return s.scale(d.a, &narrow)
	case wideShape:
		return s.scale(d.a, &wide)
	}
	return d.a
}

// String writes the distribution as it is made.
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
	}
	return d.a.String()
}
