package wire

import (
	"encoding/json"
	"fmt"
)

// Magic is the first thing in both hellos: it catches strangers at once. It tells a program whose
// bytes happen to be a HELLO, but of another protocol.
const Magic = "quartet-procpool"

// Greeting is the body of a HELLO, both ways.
//
// Both hellos use one type, and each side fills in its own fields. An unknown field is ignored, and
// a missing one is its zero value: so a field can be added without a new Version, if zero means
// what an older program does.
//
// The worker repeats the pool's Nonce, which only the environment of that very process had. An
// older worker's bytes, or those of a process that got the pipe by mistake, are told apart by it.
type Greeting struct {
	Magic       string   `json:"magic"`
	Version     int      `json:"version"`
	Name        string   `json:"name,omitempty"` // to the worker: what the pool is called
	Nonce       string   `json:"nonce"`
	Codec       string   `json:"codec"`
	Fingerprint string   `json:"fingerprint,omitempty"`
	MaxFrame    int      `json:"max_frame,omitempty"`   // to the worker
	Functions   []string `json:"functions,omitempty"`   // to the worker: their numbers are their places
	Concurrency int      `json:"concurrency,omitempty"` // how many tasks may run at once; from the worker: how many do
	Boot        *Boot    `json:"boot,omitempty"`        // to a reference worker that has just been started
	PID         int      `json:"pid,omitempty"`         // from the worker
	Runtime     string   `json:"runtime,omitempty"`     // from the worker
	Ledger      bool     `json:"ledger,omitempty"`      // from the worker: it keeps the ledger
	Heartbeat   bool     `json:"heartbeat,omitempty"`   // from the worker: the ledger shows that it moves
	// bodies may lie in shared memory; from the worker: it reads them there
	Bulk bool `json:"bulk,omitempty"`
	// Modules are the texts of what the script has imported from beside it, by path: from the first
	// worker of a version.
	Modules map[string][]byte `json:"modules,omitempty"`
	Nested  bool              `json:"nested,omitempty"` // from the worker: it takes descendants while a task waits
}

// Boot is what the interpreter of a reference worker begins with: nothing needs to be installed
// beside it, or to be in its environment. The pool reads the script once, when it is made or
// reloaded, and sends its text to all workers. So a file that is edited while the pool lives never
// mixes two versions. Slices of bytes are base64 in JSON.
type Boot struct {
	Archive []byte            `json:"archive,omitempty"` // Python: the worker's modules, as a zip file
	Files   map[string]string `json:"files,omitempty"`   // Node: the worker's modules, by name
	Path    string            `json:"path"`              // the script's
	Text    []byte            `json:"text"`              // the script, the same for all workers of a pool
	// by path: what the first worker imported from beside the script
	Modules map[string][]byte `json:"modules,omitempty"`
}

// maxModules bounds the texts of modules, so that a hello that holds them stays below its own
// limit. Base64 makes them a third longer, and the archive and the script travel beside them.
const maxModules = 4 << 20

// Keep has all later workers load the modules that the first one found. It does nothing for a nil
// b. It takes the first set alone, which is what makes all later workers equal to the first.
// Modules beyond the bound are not kept at all, and each worker loads its files: half of a set
// would mix versions. The pool calls it under its lock.
func (b *Boot) Keep(modules map[string][]byte) {
	size := 0
	for path, text := range modules {
		size += len(path) + len(text)
	}
	if b != nil && b.Modules == nil && size <= maxModules {
		b.Modules = modules
	}
}

// ParseGreeting reads the first frame of the other side, in the pool and in the worker. It checks
// what every hello must have, and compares nothing: the pool uses Check for that, the worker looks
// at the version. MaxHello has bounded the JSON already.
func ParseGreeting(f Frame) (Greeting, error) {
	var g Greeting
	if f.Type != Hello {
		return g, fmt.Errorf("%w: a %s frame came before HELLO", ErrProtocol, f.Type)
	}
	if err := json.Unmarshal(f.Body, &g); err != nil {
		return g, fmt.Errorf("%w: HELLO is no JSON: %w", ErrProtocol, err)
	}
	if g.Magic != Magic {
		return g, fmt.Errorf("%w: HELLO has the magic %q", ErrProtocol, g.Magic)
	}
	return g, nil
}

// Check compares a worker's hello with the pool's. self: the worker is this program, whose compact
// codec carries no types. Then another build is a mismatch, even when the protocol is the same: it
// would read a struct's fields in another order. ErrMismatch is told apart from ErrProtocol,
// because starting that worker again cannot help.
func (g Greeting) Check(pool Greeting, self bool) error {
	switch {
	case g.Version != pool.Version:
		return fmt.Errorf("%w: it speaks version %d of the protocol, this program %d", ErrMismatch, g.Version,
			pool.Version)
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
