package procpool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/quartet-go/quartet/procpool/internal/child"
	"github.com/quartet-go/quartet/procpool/internal/proc"
	"github.com/quartet-go/quartet/procpool/internal/wire"
)

var (
	// Init alone writes them; New, start and IsWorker read them. The workers of a pool in a worker
	// have the next depth.
	initDone    atomic.Bool
	workerDepth atomic.Int32 // 0: not a worker
)

// Init makes a process that a pool has started its worker: it runs calls until the pool is done
// with it, and exits. In every other process it returns at once. It must be the first line of main,
// and of TestMain, before anything that a worker should not do: flags, servers, goroutines. All
// package initialisers run in each worker; see [IsWorker]. A worker does not get the program's
// arguments.
func Init() {
	marker, ok := os.LookupEnv(wire.EnvMarker)
	initDone.Store(true)
	// It is taken now, and kept: later the program's file may be another one.
	proc.Fingerprint()
	if !ok {
		return
	}
	// Else the programs that this worker starts would be workers, too.
	_ = os.Unsetenv(wire.EnvMarker)
	m, err := wire.ParseMarker(marker)
	if err == nil {
		workerDepth.Store(int32(m.Depth))
		// A worker exits in there when its pool lets it go. Serve returns only an error of the
		// hello.
		err = child.Serve(m)
	}
	fmt.Fprintln(os.Stderr, "procpool: worker:", err)
	if errors.Is(err, wire.ErrMismatch) {
		os.Exit(wire.ExitMismatch)
	}
	os.Exit(wire.ExitProtocol)
}

// IsWorker reports whether this process is, or is about to become, the worker of a pool: a package
// initialiser can skip what only the parent needs.
func IsWorker() bool {
	_, marked := os.LookupEnv(wire.EnvMarker)
	return marked || workerDepth.Load() > 0
}

// refuseUnadopted ends a process that a pool has started as its worker, and that does not call
// Init: else each would start workers of its own. bootError makes ErrNoInit of the exit code.
func refuseUnadopted() {
	if _, marked := os.LookupEnv(wire.EnvMarker); marked {
		fmt.Fprintln(os.Stderr, ErrNoInit)
		os.Exit(wire.ExitNoInit)
	}
}

// title is a worker's argv[0].
func title() string {
	return filepath.Base(os.Args[0]) + " [procpool worker]"
}
