package eventloop

import (
	"cmp"
	"slices"
	"time"
)

// page holds some places of a slot. (A single growing slice would be copied again and again, and
// would leave garbage of the size of all timers.)
type page struct {
	places [pageSize]due
	next   *page
}

const (
	pageSize = 21   // with next, 512 bytes
	maxPages = 4096 // 2 MiB are kept for reuse at most
)

// slot holds the timers that are due within slotWidth, unordered. Timers of one slot need no order
// until the slot opens, so adding one costs the same however many there are.
type slot struct {
	last *page // its next pages are full
	used int   // places in last
}

// pages are kept for reuse. They belong to one calendar, and so to the loop's lock.
type pages struct {
	free *page
	kept int
}

// add puts d behind the last place. A new page is linked before the full ones, so that no search is
// needed.
func (p *pages) add(s *slot, d due) {
	if s.last == nil || s.used == pageSize {
		fresh := p.free
		if fresh == nil {
			fresh = new(page)
		} else {
			p.free = fresh.next
			p.kept--
		}
		fresh.next = s.last
		s.last, s.used = fresh, 0
	}
	s.last.places[s.used] = d
	s.used++
}

// empty appends the fresh places of s to kept, and returns how many places s had. Looking at all
// timers in one loop also brings them into the cache before they fire: the processor waits for many
// of them at once.
func (p *pages) empty(s *slot, kept []due) (_ []due, all int) {
	for at := s.last; at != nil; {
		all += s.used
		for _, d := range at.places[:s.used] {
			if !d.stale() {
				kept = append(kept, d)
			}
		}
		next := at.next
		if p.kept < maxPages {
			clear(at.places[:s.used])
			at.next, p.free = p.free, at
			p.kept++
		}
		at, s.used = next, pageSize
	}
	*s = slot{}
	return kept, all
}

const (
	bucketCount = 1024
	bucketWidth = slotWidth / bucketCount
)

// sorter puts a slot's places in order. It deals them out to buckets of time, which hold a few
// places each. Deadlines within a slot are spread evenly as a rule, so a bucket sort takes linear
// time. Where they are not (all in one bucket), it costs one sort more.
type sorter struct {
	ends  [bucketCount]int32
	spare []due
}

// few is the number of places below which the buckets cost more than they save.
const few = 64

// sort returns, in order, the places of the slot that begins at start. It may keep their memory for
// the next call.
//
// It is a counting sort: count each bucket, add the counts up to begins, deal out, then sort within
// each bucket.
func (s *sorter) sort(places []due, start time.Duration) []due {
	if len(places) < few {
		slices.SortFunc(places, due.compare)
		return places
	}
	clear(s.ends[:])
	for _, d := range places {
		s.ends[(d.when-start)/bucketWidth]++
	}
	sum := int32(0)
	for i, n := range s.ends {
		s.ends[i] = sum // its begin, so far
		sum += n
	}
	sorted := slices.Grow(s.spare[:0], len(places))[:len(places)]
	for _, d := range places {
		end := &s.ends[(d.when-start)/bucketWidth]
		sorted[*end] = d
		*end++
	}
	begin := int32(0)
	for _, end := range s.ends {
		if end-begin > 1 {
			slices.SortFunc(sorted[begin:end], due.compare)
		}
		begin = end
	}
	clear(places)
	s.spare = places[:0]
	return sorted
}

func (a due) compare(b due) int {
	return cmp.Or(cmp.Compare(a.when, b.when), cmp.Compare(a.seq, b.seq))
}
