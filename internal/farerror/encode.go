package farerror

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/quartet-go/quartet"
)

// Encode returns err for the wire. cause is what the far side cancelled with, or nil. It calls
// methods of the user's types, so no lock may be held; what panics there is left out.
//
// It returns no error: an error about an error would hide the first. Process pool and cluster use
// it for results, and for the causes of cancellations.
func Encode(err, cause error) []byte {
	c := collector{left: maxError, cause: cause, known: known()}
	data, failed := json.Marshal(c.wire(err, maxNesting))
	// The message alone is a string, which always encodes.
	if failed != nil { // only a user's MarshalJSON that makes no JSON leads here
		data, _ = json.Marshal(&wireError{Message: text(err)})
	}
	return data
}

// MaxSize is more than any error takes, whatever it holds. maxError is counted before JSON escapes
// it: a control character of one byte becomes six.
const MaxSize = 1 << 20

const (
	// A value may take twice maxValue: a stack of maxValue bytes is longer in base64.
	maxMessage = 16 << 10
	maxValue   = 64 << 10
	maxError   = 256 << 10 // of all values and messages together, before they are escaped
	maxNames   = 256       // of sentinels in one tree
	maxErrors  = 4096      // of one tree
	maxNesting = 8         // of panics in panics
)

// clip bounds a message, which may hold a whole document. It may cut a rune in two; JSON then
// replaces the rest of it.
func clip(s string) string {
	if len(s) <= maxMessage {
		return s
	}
	return s[:maxMessage] + "…"
}

// text is err's message, also when its Error panics. It is called before all other methods, so that
// a message is there whatever panics later.
func text(err error) (s string) {
	defer func() {
		if v := recover(); v != nil {
			s = fmt.Sprintf("quartet: the Error method of %T panicked: %v", err, v)
		}
	}()
	return err.Error()
}

// collector puts an error's tree together for the wire. left bounds the whole tree, so that many
// large values cost no more than one. It lives for one Encode. known is one version of the
// registry, so a registration meanwhile does not change names in the middle.
type collector struct {
	left  int // how many bytes it may still take
	seen  int // errors of the tree
	cause error
	known *registered
}

// wire is for err, or for the error that a panic has as its value.
func (c *collector) wire(err error, nesting int) *wireError {
	w := &wireError{Message: clip(text(err))}
	c.left -= len(w.Message)
	guard(func() { c.collect(w, err, nesting) })
	return w
}

// guard runs fn, which calls methods of the user's errors. A panic ends it, and is no more than
// that: the message has been taken already. A Goexit in fn is not held up: there is nothing to
// recover, and the goroutine ends.
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
//
// left and maxNames bound what it collects, and maxErrors how far it goes: an Unwrap that returns
// its own error has no end.
func (c *collector) collect(w *wireError, err error, nesting int) {
	if err == nil || c.left < 0 || len(w.Is) > maxNames || c.seen == maxErrors {
		return
	}
	c.seen++
	if p, ok := err.(*quartet.PanicError); ok {
		c.panicked(w, p, nesting)
		return
	}
	t := reflect.TypeOf(err)
	// A value that cannot be compared would panic as a key of the map. Its dynamic type may be
	// comparable and hold a slice in an interface, so the value is asked and not the type.
	if reflect.ValueOf(err).Comparable() {
		if name, ok := c.known.names[err]; ok {
			w.Is = append(w.Is, name)
		}
		// The types are compared first: == of two interfaces of one type whose values cannot be
		// compared panics.
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

// nesting bounds panics whose values are panics. panicked adds a panic. The text is sent beside the
// value, for a far side that does not know the value's type.
func (c *collector) panicked(w *wireError, p *quartet.PanicError, nesting int) {
	travels := wirePanic{Text: clip(fmt.Sprint(p.Value)), Stack: p.Stack[:min(len(p.Stack), maxValue)]}
	if inner, ok := p.Value.(error); ok && nesting > 0 {
		travels.Value = c.wire(inner, nesting-1)
	}
	c.addValue(w, panicType, travels)
}

// A value that is too large, or that JSON cannot carry, is left out; message and sentinels travel
// in any case. addValue adds what errors.As finds on the far side.
func (c *collector) addValue(w *wireError, name string, v any) {
	if data, err := json.Marshal(v); err == nil && len(data) <= min(2*maxValue, c.left) {
		c.left -= len(data)
		w.As = append(w.As, wireValue{name, data})
	}
}
