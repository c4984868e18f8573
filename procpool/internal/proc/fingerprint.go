package proc

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
)

// Fingerprint identifies the build of this program. Init takes it as the program starts, so that a
// file that is replaced later gives another.
//
// It is compared as a text, by the pool (Greeting.Check). The build's information names modules and
// settings, but not changes that are not committed: so the size and the time of the file are part
// of it. The file is not read: that would cost each worker milliseconds.
var Fingerprint = sync.OnceValue(func() string {
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if info, ok := debug.ReadBuildInfo(); ok {
		fmt.Fprintln(h, info)
	}
	// Without the file the build's information has to do.
	if path, err := Executable(); err == nil {
		if stat, err := os.Stat(path); err == nil {
			fmt.Fprintln(h, stat.Size(), stat.ModTime().UnixNano())
		}
	}
	return hex.EncodeToString(h.Sum(nil))
})
