package wire

import (
	"encoding/binary"
	"fmt"
)

// Large bodies lie in the file that worker and pool share: package bulk. Behind the ledger it has
// two areas, one for inputs and one for results. The frame of such a body names its place.
const (
	// The protocol fixes both numbers: a worker in another language has them, too. They cannot be
	// changed without a new Version.
	BulkLeast = 64 << 10 // shorter bodies travel in frames
	BulkArea  = 64 << 20 // the size of an area; it takes memory only as far as it is written
)

// The first bytes of the areas.
const (
	// The pool alone writes from InputsAt, the worker alone from ResultsAt. So no lock between the
	// processes is needed: each side knows which parts of its own area are in use. SharedEnd is the
	// size at which the file is sealed.
	InputsAt  = PageSize
	ResultsAt = InputsAt + BulkArea
	SharedEnd = ResultsAt + BulkArea
)

// Place is where a body lies in the shared file. At counts from the beginning of the file, and not
// of the area: a worker that has mapped the whole file can use it directly.
type Place struct{ At, Size int64 }

// placeSize is the size of a Place in a frame.
const placeSize = 16

// Bulk returns f with the place of its body instead of the body. f.Body must have been written at
// that offset already: the other side may read it as soon as it has the frame. The ext block stays
// in f.Ext, since only the input or output lies in shared memory. For a RESULT or an ITEM the frame
// then always fits into the ledger's buffer.
func (f Frame) Bulk(at int64) Frame {
	place := binary.LittleEndian.AppendUint64(make([]byte, 0, placeSize), uint64(at))
	f.Body = binary.LittleEndian.AppendUint64(place, uint64(len(f.Body)))
	f.Flags |= FlagBulk
	return f
}

// ParsePlace reads the place of a body of at most limit bytes. It must lie within the area that
// begins at area. The other side is not trusted. The size is compared before it is subtracted, so
// no sum overflows, and a place never reaches into the ledger or into the other area. It does not
// ask whether the place is in use: who reads a body that is being overwritten gets a wrong body,
// and no more than that.
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
