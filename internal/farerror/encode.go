package farerror

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/quartet-go/quartet"
)

// Encode returns err for the wire. cause is what the far side cancelled with, or nil. It calls
// methods of the user's types, so no lock may be held; what panics there is left out.
func Encode(err, cause error) []byte {
	c := collector{left: maxError, cause: cause, known: known()}
	data, failed := json.Marshal(c.wire(err, maxNesting))
	if failed != nil { // only a user's MarshalJSON that makes no JSON leads here
		data, _ = json.Marshal(&wireError{Message: text(err)})
	}
	return data
}

// MaxSize is more than any error takes, whatever it holds.
const MaxSize = 1 << 20

const (
	maxMessage = 16 << 10
	maxValue   = 64 << 10
	maxError   = 256 << 10 // of all values and messages together, before they are escaped
	maxNames   = 256       // of sentinels in one tree
	maxNesting = 8         // of panics in panics
)

func clip(s string) string {
	if len(s) <= maxMessage {
		return s
	}
	return s[:maxMessage] + "…"
}

// text is err's message, also when its Error panics.
func text(err error) (s string) {
	defer func() {
		if v := recover(); v != nil {
			s = fmt.Sprintf("quartet: the Error method of %T panicked: %v", err, v)
		}
	}()
	return err.Error()
}

// collector puts an error's tree together for the wire. left bounds the whole tree, so that many
// large values cost no more than one.
type collector struct {
	left  int // how many bytes it may still take
	cause error
	known *registered
}

func (c *collector) wire(err error, nesting int) *wireError {
	w := &wireError{Message: clip(text(err))}
	c.left -= len(w.Message)
	guard(func() { c.collect(w, err, nesting) })
	return w
}

// guard runs fn, which calls methods of the user's errors. A panic ends it, and is no more than
// that: the message has been taken already.
func guard(fn func()) (ok bool) {
	defer func() {
		if !ok {
			_ = recover()
		}
	}()
	fn()
	return true
}

// collect walks err's tree. An error may be a sentinel, a registered type and a wrapper at the same
// time, so none of the three ends the walk. A PanicError does: the tree within it travels as its
// value.
func (c *collector) collect(w *wireError, err error, nesting int) {
	if err == nil || c.left < 0 || len(w.Is) > maxNames {
		return
	}
	if p, ok := err.(*quartet.PanicError); ok {
		c.panicked(w, p, nesting)
		return
	}
	t := reflect.TypeOf(err)
	if reflect.ValueOf(err).Comparable() {
		if name, ok := c.known.names[err]; ok {
			w.Is = append(w.Is, name)
		}
		w.Cause = w.Cause || c.cause != nil && reflect.TypeOf(c.cause) == t && err == c.cause
	}
	if name, ok := c.known.typeNames[t]; ok {
		guard(func() { c.addValue(w, name, err) })
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		c.collect(w, e.Unwrap(), nesting)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			c.collect(w, inner, nesting)
		}
	}
}

// nesting bounds panics whose values are panics.
func (c *collector) panicked(w *wireError, p *quartet.PanicError, nesting int) {
	travels := wirePanic{Text: clip(fmt.Sprint(p.Value)), Stack: p.Stack[:min(len(p.Stack), maxValue)]}
	if inner, ok := p.Value.(error); ok && nesting > 0 {
		travels.Value = c.wire(inner, nesting-1)
	}
	c.addValue(w, panicType, travels)
}

// A value that is too large, or that JSON cannot carry, is left out; message and sentinels travel
// in any case.
func (c *collector) addValue(w *wireError, name string, v any) {
	if data, err := json.Marshal(v); err == nil && len(data) <= min(2*maxValue, c.left) {
		c.left -= len(data)
		w.As = append(w.As, wireValue{name, data})
	}
}
