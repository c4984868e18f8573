package bulk

import (
	"slices"

	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// area says which parts of an area are in use. Its zero value has no room.
//
// Invariant: the places in used do not overlap, and are in order.
//
// Only the writer of an area keeps one, so its bookkeeping is in private memory: the other process
// can neither see nor damage it. used is short, because a body is free again when its call has
// ended; a linear search and a sorted slice are enough. It takes no lock of its own: Outbox.mu
// guards it.
type area struct {
	begin, end int64
	used       []wire.Place
	high       int64 // the end of what has been used since the area was last trimmed
}

const (
	// A page of its own for each body lets trim give memory back, and no two bodies share a page
	// that one side writes while the other reads. keptIdle is kept, since giving memory back and
	// getting it again costs a page fault for each 4 KiB.
	grain    = 4 << 10 // bodies begin on pages of their own
	keptIdle = 8 << 20 // how much memory an area keeps that is not in use
)

// reserve finds room for size bytes. The first that fits keeps the used part small.
//
// It looks from the beginning for the first gap that is long enough. So a pool whose bodies are few
// uses the same pages again and again, which are in memory and in the caches; a ring would walk
// through all 64 MiB. Without a gap the body travels in a frame: the caller never waits for room.
func (a *area) reserve(size int) (at int64, ok bool) {
	n := (int64(size) + grain - 1) &^ (grain - 1)
	at = a.begin
	i := 0
	for ; i < len(a.used) && a.used[i].At-at < n; i++ {
		at = a.used[i].At + a.used[i].Size
	}
	if at+n > a.end {
		return 0, false
	}
	a.used = slices.Insert(a.used, i, wire.Place{At: at, Size: n})
	a.high = max(a.high, at+n)
	return at, true
}

// free ends the use of a place. It reports false where none that is in use begins at at. In a
// worker false means that FREE has named a place without a result, which ends the worker.
func (a *area) free(at int64) bool {
	i, ok := slices.BinarySearchFunc(a.used, at, func(p wire.Place, at int64) int { return int(p.At - at) })
	if ok {
		a.used = slices.Delete(a.used, i, i+1)
	}
	return ok
}

// trim reserves what an idle area has used, where that is much, so that its memory can go back to
// the system before anybody writes there again. The caller frees it when that has been done. Size
// 0: there is nothing to do.
//
// The whole used stretch counts as one place in use until then. So a body that is put meanwhile
// finds room behind it, or none, and nobody zeroes a body that was just written.
func (a *area) trim() wire.Place {
	if len(a.used) > 0 || a.high-a.begin <= keptIdle {
		return wire.Place{}
	}
	whole := wire.Place{At: a.begin, Size: a.high - a.begin}
	a.used = append(a.used, whole)
	a.high = a.begin
	return whole
}
