package farerror

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/quartet-go/quartet"
)

// Decode is the far side of Encode. A single sentinel, and nothing around it, arrives as itself. It
// calls methods of the user's types, so no lock may be held; a type that panics there is left out.
//
// data may be an enemy's: its length is bounded before it is parsed, the nesting of panics by
// maxNesting, and the lists by maxNames. A fault in one part costs that part; data that is no such
// JSON at all is ErrGarbled. The caller tells which side to blame.
func Decode(data []byte, cause error) error {
	if len(data) > MaxSize {
		return fmt.Errorf("%w: it has %d bytes", ErrGarbled, len(data))
	}
	var w wireError
	if err := json.Unmarshal(data, &w); err != nil {
		return fmt.Errorf("%w: %w", ErrGarbled, err)
	}
	d := decoder{cause: cause, known: known()}
	return d.error(&w, maxNesting)
}

// It reads one version of the registry, so a registration meanwhile changes nothing. cause is the
// one that this side has cancelled with. It never travels: a flag says that it was in the tree.
type decoder struct {
	cause error
	known *registered
}

// The message is the far side's; inner serves errors.Is and errors.As alone. Each user's decoder is
// guarded by itself, so that one which panics costs its own value only. error makes the error of w.
// Types of wrappers are lost, as the far side's code may not exist here.
func (d *decoder) error(w *wireError, nesting int) (err error) {
	e := &farError{message: w.Message}
	// Names that are not registered here are left out: the other program may be newer.
	for _, name := range w.Is[:min(len(w.Is), maxNames)] {
		if sentinel := d.known.sentinels[name]; sentinel != nil {
			e.inner = append(e.inner, sentinel)
		}
	}
	for _, v := range w.As[:min(len(w.As), maxNames)] {
		guard(func() {
			if inner, ok := d.value(v, nesting); ok {
				e.inner = append(e.inner, inner)
			}
		})
	}
	err = e
	// errors.Is and Error run methods of the user's, as the decoders above do.
	guard(func() {
		if w.Cause && d.cause != nil && !errors.Is(e, d.cause) {
			e.inner = append(e.inner, d.cause)
		}
		// So a caller may compare a plain sentinel with ==, as it could without a process in
		// between.
		if len(e.inner) == 1 && e.inner[0].Error() == w.Message {
			err = e.inner[0]
		}
	})
	return err
}

// An unknown type is left out: the other program may be newer. value decodes a registered type, or
// a panic. ok is false where it is left out.
func (d *decoder) value(v wireValue, nesting int) (error, bool) {
	if v.Type != panicType {
		decode := d.known.types[v.Type]
		if decode == nil {
			return nil, false
		}
		return decode(v.Value)
	}
	var p wirePanic
	// The recursion is bounded here alone: only a panic holds another error.
	if nesting == 0 || json.Unmarshal(v.Value, &p) != nil {
		return nil, false
	}
	if p.Value != nil {
		return &quartet.PanicError{Value: d.error(p.Value, nesting-1), Stack: p.Stack}, true
	}
	return &quartet.PanicError{Value: p.Text, Stack: p.Stack}, true
}
