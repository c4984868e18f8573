package bulk

import (
	"fmt"
	"os"

	"github.com/quartet-go/quartet/procpool/internal/proc"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// Shared is the file that a worker and its pool share. Its methods may be called from any
// goroutine, but Close only when nobody calls another one any more.
type Shared struct {
	file *os.File
	mem  []byte // of the areas; nil: they are not mapped
}

// Share returns what reads and writes the areas of file.
func Share(file *os.File) *Shared {
	s := &Shared{file: file}
	if proc.Sealed(file) && wide {
		if mem, err := proc.MapShared(file, wire.InputsAt, 2*wire.BulkArea); err == nil {
			s.mem = mem
		}
	}
	return s
}

// wide: there are addresses for the areas of many workers.
const wide = ^uint(0)>>32 != 0

// Read returns a copy of the body that lies at p, which must be within an area. Neither the length
// of the file nor the contents are trusted.
func (s *Shared) Read(p wire.Place) ([]byte, error) {
	if s.mem != nil {
		at := p.At - wire.InputsAt
		return append([]byte(nil), s.mem[at:at+p.Size]...), nil
	}
	body := make([]byte, p.Size)
	if n, err := s.file.ReadAt(body, p.At); err != nil {
		return nil, fmt.Errorf("a body of %d bytes in shared memory ends after %d: %w", p.Size, n, err)
	}
	return body, nil
}

func (s *Shared) write(body []byte, at int64) error {
	if s.mem != nil {
		copy(s.mem[at-wire.InputsAt:], body)
		return nil
	}
	return proc.WriteShared(s.file, body, at)
}

// Close ends the mapping, and leaves the file open. Of a nil Shared it does nothing.
func (s *Shared) Close() {
	if s != nil && s.mem != nil {
		proc.UnmapShared(s.mem)
		s.mem = nil
	}
}
