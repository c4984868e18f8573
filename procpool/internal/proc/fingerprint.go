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
var Fingerprint = sync.OnceValue(func() string {
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if info, ok := debug.ReadBuildInfo(); ok {
		fmt.Fprintln(h, info)
	}
	if path, err := Executable(); err == nil {
		if stat, err := os.Stat(path); err == nil {
			fmt.Fprintln(h, stat.Size(), stat.ModTime().UnixNano())
		}
	}
	return hex.EncodeToString(h.Sum(nil))
})
