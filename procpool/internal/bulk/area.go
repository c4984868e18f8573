package bulk

import (
	"slices"

	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// area says which parts of an area are in use. Its zero value has no room.
//
// Invariant: the places in used do not overlap, and are in order.
type area struct {
	begin, end int64
	used       []wire.Place
	high       int64 // the end of what has been used since the area was last trimmed
}

const (
	grain    = 4 << 10 // bodies begin on pages of their own
	keptIdle = 8 << 20 // how much memory an area keeps that is not in use
)

// reserve finds room for size bytes. The first that fits keeps the used part small.
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

// free ends the use of a place. It reports false where none that is in use begins at at.
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
func (a *area) trim() wire.Place {
	if len(a.used) > 0 || a.high-a.begin <= keptIdle {
		return wire.Place{}
	}
	whole := wire.Place{At: a.begin, Size: a.high - a.begin}
	a.used = append(a.used, whole)
	a.high = a.begin
	return whole
}
