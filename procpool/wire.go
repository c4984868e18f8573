package procpool

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/quartet-go/quartet"
)

// wireError is an error on its way: what the far side can make errors.Is and errors.As say of it.
type wireError struct {
	Message string      `json:"message"`
	Is      []string    `json:"is,omitempty"`    // registered sentinels in its tree
	As      []wireValue `json:"as,omitempty"`    // registered types in its tree
	Cause   bool        `json:"cause,omitempty"` // the cause that the far side cancelled with is in its tree
}

type wireValue struct {
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
}

// wirePanic is a quartet.PanicError.
type wirePanic struct {
	Value *wireError `json:"value,omitempty"` // when it is an error
	Text  string     `json:"text"`
	Stack []byte     `json:"stack"`
}

// Types that need no registration.
const (
	lostType    = "procpool.WorkerLostError"
	foreignType = "procpool.ForeignError"
	panicType   = "quartet.PanicError"
)

// encodeError returns err for the wire. cause is what the far side cancelled with, or nil.
func encodeError(err, cause error) []byte {
	data, failed := json.Marshal(toWire(err, cause))
	if failed != nil { // only a user's MarshalJSON that makes no JSON leads here
		data, _ = json.Marshal(&wireError{Message: text(err)})
	}
	return data
}

// An error takes less than minMaxFrame, whatever it holds.
const (
	maxMessage = 16 << 10
	maxValue   = 64 << 10
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
			s = fmt.Sprintf("procpool: the Error method of %T panicked: %v", err, v)
		}
	}()
	return err.Error()
}

func toWire(err, cause error) *wireError {
	w := &wireError{Message: clip(text(err))}
	w.collect(known(), err, cause)
	return w
}

// collect walks err's tree.
func (w *wireError) collect(r *registered, err, cause error) {
	if err == nil {
		return
	}
	if p, ok := err.(*quartet.PanicError); ok {
		travels := wirePanic{Text: clip(fmt.Sprint(p.Value)), Stack: p.Stack[:min(len(p.Stack), maxValue)]}
		if inner, ok := p.Value.(error); ok {
			travels.Value = toWire(inner, cause)
		}
		w.addValue(panicType, travels)
		return
	}
	t := reflect.TypeOf(err)
	if reflect.ValueOf(err).Comparable() {
		if name, ok := builtinNames[err]; ok {
			w.Is = append(w.Is, name)
		} else if name, ok := r.names[err]; ok {
			w.Is = append(w.Is, name)
		}
		w.Cause = w.Cause || cause != nil && reflect.TypeOf(cause) == t && err == cause
	}
	if lost, ok := err.(*WorkerLostError); ok {
		w.addValue(lostType, lostFields(lost))
	} else if foreign, ok := err.(*ForeignError); ok {
		w.addValue(foreignType, foreign)
	} else if name, ok := r.typeNames[t]; ok {
		w.addValue(name, err)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		w.collect(r, e.Unwrap(), cause)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			w.collect(r, inner, cause)
		}
	}
}

func (w *wireError) addValue(name string, v any) {
	if data, err := json.Marshal(v); err == nil && len(data) <= 2*maxValue {
		w.As = append(w.As, wireValue{name, data})
	}
}

// lostFields is a WorkerLostError without its cause, which travels by itself.
func lostFields(e *WorkerLostError) WorkerLostError {
	fields := *e
	fields.Cause = nil
	return fields
}

// farError is an error that came from another process.
type farError struct {
	message string
	inner   []error
}

func (e *farError) Error() string   { return e.message }
func (e *farError) Unwrap() []error { return e.inner }

// decodeError is the far side of encodeError. A single sentinel, and nothing around it, arrives as itself.
func decodeError(data []byte, cause error) error {
	var w wireError
	if err := json.Unmarshal(data, &w); err != nil {
		return fmt.Errorf("%w: an error arrived garbled: %w", ErrProtocol, err)
	}
	return w.error(cause)
}

func (w *wireError) error(cause error) error {
	e, r := &farError{message: w.Message}, known()
	for _, name := range w.Is {
		sentinel := builtin[name]
		if sentinel == nil {
			sentinel = r.sentinels[name]
		}
		if sentinel != nil {
			e.inner = append(e.inner, sentinel)
		}
	}
	for _, v := range w.As {
		if inner, ok := v.error(r, cause); ok {
			e.inner = append(e.inner, inner)
		}
	}
	if w.Cause && cause != nil && !errors.Is(e, cause) {
		e.inner = append(e.inner, cause)
	}
	if len(e.inner) == 1 && e.inner[0].Error() == w.Message {
		return e.inner[0]
	}
	return e
}

func (v wireValue) error(r *registered, cause error) (error, bool) {
	switch v.Type {
	case lostType:
		e := new(WorkerLostError)
		return e, json.Unmarshal(v.Value, e) == nil
	case foreignType:
		e := new(ForeignError)
		return e, json.Unmarshal(v.Value, e) == nil
	case panicType:
		var p wirePanic
		if json.Unmarshal(v.Value, &p) != nil {
			return nil, false
		}
		if p.Value != nil {
			return &quartet.PanicError{Value: p.Value.error(cause), Stack: p.Stack}, true
		}
		return &quartet.PanicError{Value: p.Text, Stack: p.Stack}, true
	}
	decode := r.types[v.Type]
	if decode == nil {
		return nil, false
	}
	return decode(v.Value)
}
