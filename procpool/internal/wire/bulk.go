package wire

import (
	"encoding/binary"
	"fmt"
)

// Large bodies lie in the file that worker and pool share: package bulk. Behind the ledger it has
// two areas, one for inputs and one for results. The frame of such a body names its place.
const (
	BulkLeast = 64 << 10 // shorter bodies travel in frames
	BulkArea  = 64 << 20 // the size of an area; it takes memory only as far as it is written
)

// The first bytes of the areas.
const (
	InputsAt  = PageSize
	ResultsAt = InputsAt + BulkArea
	SharedEnd = ResultsAt + BulkArea
)

// Place is where a body lies in the shared file.
type Place struct{ At, Size int64 }

// placeSize is the size of a Place in a frame.
const placeSize = 16

// Bulk returns f with the place of its body instead of the body.
func (f Frame) Bulk(at int64) Frame {
	place := binary.LittleEndian.AppendUint64(make([]byte, 0, placeSize), uint64(at))
	f.Body = binary.LittleEndian.AppendUint64(place, uint64(len(f.Body)))
	f.Flags |= FlagBulk
	return f
}

// ParsePlace reads the place of a body of at most limit bytes. It must lie within the area that
// begins at area.
func ParsePlace(body []byte, area int64, limit int) (Place, error) {
	if len(body) != placeSize {
		return Place{}, fmt.Errorf("a body in shared memory is named by %d bytes, not %d", len(body), placeSize)
	}
	at, size := binary.LittleEndian.Uint64(body), binary.LittleEndian.Uint64(body[8:])
	if size > uint64(limit) || size > BulkArea || at < uint64(area) || at > uint64(area+BulkArea)-size {
		return Place{}, fmt.Errorf("a body of %d bytes at %d of the shared memory is out of range", size, at)
	}
	return Place{int64(at), int64(size)}, nil
}
