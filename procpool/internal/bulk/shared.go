package bulk

import (
	"fmt"
	"os"

	"github.com/quartet-go/quartet/procpool/internal/proc"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

// Shared is the file that a worker and its pool share. Its methods may be called from any
// goroutine, but Close only when nobody calls another one any more. Both processes have one for the
// same file: the pool's is made when the worker's hello says that it reads inputs there, the
// worker's before its hello. Either side uses it for both areas: it writes one and reads the other.
type Shared struct {
	file *os.File
	mem  []byte // of the areas; nil: they are not mapped
}

// Share returns what reads and writes the areas of file. A mapping is not needed for correctness:
// where it cannot be had, the same bodies go by pread and pwrite, with one copy more in the kernel.
// Only the areas are mapped, and not the ledger.
func Share(file *os.File) *Shared {
	s := &Shared{file: file}
	if proc.Sealed(file) && wide {
		if mem, err := proc.MapShared(file, wire.InputsAt, 2*wire.BulkArea); err == nil {
			s.mem = mem
		}
	}
	return s
}

// wide: there are addresses for the areas of many workers. On 32 bits a mapping of 128 MiB for each
// worker would use the addresses up.
const wide = ^uint(0)>>32 != 0

// Read returns a copy of the body that lies at p, which must be within an area. Neither the length
// of the file nor the contents are trusted.
//
// A copy is made, because the writer uses the place again once it has heard that the body was read,
// and because an enemy could change the bytes after they were checked. ParsePlace has bounded p.
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

// write puts body at an offset that reserve has returned. The frame goes through a pipe, and its
// system call orders these stores before the other side's loads.
func (s *Shared) write(body []byte, at int64) error {
	if s.mem != nil {
		copy(s.mem[at-wire.InputsAt:], body)
		return nil
	}
	return proc.WriteShared(s.file, body, at)
}

// Close ends the mapping, and leaves the file open. Of a nil Shared it does nothing. The pool calls
// it when the worker is buried. A worker never does: its exit ends the mapping.
func (s *Shared) Close() {
	if s != nil && s.mem != nil {
		proc.UnmapShared(s.mem)
		s.mem = nil
	}
}
