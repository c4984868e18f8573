package farerror

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/quartet-go/quartet"
)

// Decode is the far side of Encode. A single sentinel, and nothing around it, arrives as itself. It
// calls methods of the user's types, so no lock may be held; a type that panics there is left out.
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

// It reads one version of the registry, so a registration meanwhile changes nothing.
type decoder struct {
	cause error
	known *registered
}

// The message is the far side's; inner serves errors.Is and errors.As alone. Each user's decoder is
// guarded by itself, so that one which panics costs its own value only.
func (d *decoder) error(w *wireError, nesting int) (err error) {
	e := &farError{message: w.Message}
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
	guard(func() {
		if w.Cause && d.cause != nil && !errors.Is(e, d.cause) {
			e.inner = append(e.inner, d.cause)
		}
		if len(e.inner) == 1 && e.inner[0].Error() == w.Message {
			err = e.inner[0]
		}
	})
	return err
}

// An unknown type is left out: the other program may be newer.
func (d *decoder) value(v wireValue, nesting int) (error, bool) {
	if v.Type != panicType {
		decode := d.known.types[v.Type]
		if decode == nil {
			return nil, false
		}
		return decode(v.Value)
	}
	var p wirePanic
	if nesting == 0 || json.Unmarshal(v.Value, &p) != nil {
		return nil, false
	}
	if p.Value != nil {
		return &quartet.PanicError{Value: d.error(p.Value, nesting-1), Stack: p.Stack}, true
	}
	return &quartet.PanicError{Value: p.Text, Stack: p.Stack}, true
}
