package proc

import (
	"os"
	"syscall"
)

const (
	fallocKeepSize  = 1
	fallocPunchHole = 2
)

// TrimShared gives the memory of a part of the shared file back. It is read as zeros from then on.
//
// The size of the file stays, so a mapping is not cut short, and offsets keep their meaning. Nobody
// may need the contents: bulk.area.trim has reserved that part. Where the file system cannot do it
// the memory stays with the file.
func TrimShared(f *os.File, at, size int64) {
	_ = syscall.Fallocate(int(f.Fd()), fallocKeepSize|fallocPunchHole, at, size) // a file system may be unable to
}
