package procpool

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
)

// magic is the first thing in both hellos: it catches strangers at once.
const magic = "quartet-procpool"

// greeting is the body of a HELLO, both ways.
type greeting struct {
	Magic       string   `json:"magic"`
	Version     int      `json:"version"`
	Nonce       string   `json:"nonce"`
	Codec       string   `json:"codec"`
	Fingerprint string   `json:"fingerprint,omitempty"`
	MaxFrame    int      `json:"max_frame,omitempty"`   // to the worker
	Functions   []string `json:"functions,omitempty"`   // to the worker: their numbers are their places
	Concurrency int      `json:"concurrency,omitempty"` // how many tasks may run at once; from the worker: how many do
	PID         int      `json:"pid,omitempty"`         // from the worker
	Runtime     string   `json:"runtime,omitempty"`     // from the worker
	Ledger      bool     `json:"ledger,omitempty"`      // from the worker: it keeps the ledger
	Heartbeat   bool     `json:"heartbeat,omitempty"`   // from the worker: the ledger shows that it moves
	Nested      bool     `json:"nested,omitempty"`      // from the worker: it takes descendants while a task waits
}

func parseGreeting(f frame) (greeting, error) {
	var g greeting
	if f.typ != frameHello {
		return g, fmt.Errorf("%w: a %s frame came before HELLO", ErrProtocol, f.typ)
	}
	if err := json.Unmarshal(f.body, &g); err != nil {
		return g, fmt.Errorf("%w: HELLO is no JSON: %w", ErrProtocol, err)
	}
	if g.Magic != magic {
		return g, fmt.Errorf("%w: HELLO has the magic %q", ErrProtocol, g.Magic)
	}
	return g, nil
}

// check compares a worker's hello with the pool's.
func (g greeting) check(pool greeting, self bool) error {
	switch {
	case g.Version != pool.Version:
		return fmt.Errorf("%w: it speaks version %d of the protocol, this program %d", ErrMismatch, g.Version, pool.Version)
	case g.Nonce != pool.Nonce:
		return fmt.Errorf("%w: its nonce is another", ErrProtocol)
	case g.Codec != pool.Codec:
		return fmt.Errorf("%w: its codec is %q, not %q", ErrMismatch, g.Codec, pool.Codec)
	case self && g.Fingerprint != pool.Fingerprint:
		return fmt.Errorf("%w: it was built from other code: was the program's file replaced while it runs? (%.8s, not %.8s)",
			ErrMismatch, g.Fingerprint, pool.Fingerprint)
	}
	return nil
}

// fingerprint identifies the build of this program. Init takes it as the program starts, so that a file that is replaced
// later gives another.
var fingerprint = sync.OnceValue(func() string {
	h := sha256.New()
	fmt.Fprintln(h, version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if info, ok := debug.ReadBuildInfo(); ok {
		fmt.Fprintln(h, info)
	}
	if path, err := executable(); err == nil {
		if stat, err := os.Stat(path); err == nil {
			fmt.Fprintln(h, stat.Size(), stat.ModTime().UnixNano())
		}
	}
	return hex.EncodeToString(h.Sum(nil))
})
