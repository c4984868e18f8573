package gil

import (
	"math/bits"
	"time"
)

// stream is a sequence of random numbers (splitmix64). Every thread has one for each purpose, so
// that one thread more, or one draw more, changes nobody else's. Its state is one word.
type stream uint64

// purpose is what a thread draws for. The numbers are part of each run: to change their order
// changes all results of all seeds.
type purpose uint64

const (
	forTimers purpose = iota + 1
	forWakes
	forPlaces
	forWork
	forArrivals
	forTicks
)

// newStream mixes seed, thread and purpose one after the other, so that streams whose numbers are
// close have nothing in common.
func newStream(seed uint64, thread int, p purpose) stream {
	s := stream(seed)
	s = stream(s.next() ^ uint64(thread)*0x9e3779b97f4a7c15)
	return stream(s.next() ^ uint64(p)<<56)
}

// Uint64 makes a stream a [rand.Source].
func (s *stream) Uint64() uint64 { return s.next() }

func (s *stream) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number of [0, n), 0 for n = 0.
func (s *stream) below(n uint64) uint64 { return below(s.next(), n) }

// below makes random bits a number of [0, n), 0 for n = 0. It is the upper half of the product
// (Lemire's method without the rejection): the bias is below n/2⁶⁴.
func below(random, n uint64) uint64 {
	hi, _ := bits.Mul64(random, n)
	return hi
}

// mulDiv is x*y/z, where that is below 2⁶⁴. Div64 panics where the quotient does not fit, which its
// callers rule out.
func mulDiv(x, y, z uint64) uint64 {
	hi, lo := bits.Mul64(x, y)
	quotient, _ := bits.Div64(hi, lo, z)
	return quotient
}

// chance is true in perMille of a thousand.
func (s *stream) chance(perMille int) bool {
	return perMille > 0 && s.below(1000) < uint64(perMille)
}

// scale draws from a table of quantiles, times d.
func (s *stream) scale(d time.Duration, quantiles *[257]uint32) time.Duration {
	if d <= 0 {
		return 0
	}
	return scale(s.next(), d, quantiles)
}

// scale is d times the quantile that random bits say. The table has 256 steps; 16 more bits
// interpolate within one. All is done in integers, so that every architecture draws the same.
func scale(random uint64, d time.Duration, quantiles *[257]uint32) time.Duration {
	// The upper 8 bits choose a step, the next 16 the place in it; the rest are not used.
	i, between := random>>56, random>>40&0xffff
	lo, hi := uint64(quantiles[i]), uint64(quantiles[i+1])
	factor := lo + (hi-lo)*between>>16
	high, low := bits.Mul64(uint64(max(d, 0)), factor)
	return time.Duration(high<<48 | low>>16)
}
