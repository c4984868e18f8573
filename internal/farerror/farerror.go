// Package farerror carries errors from one program to another: their text, and what errors.Is and
// errors.As are to say of them on the far side. Both programs must register the same names. What
// arrives is taken as if from an enemy: it costs bounded time and memory.
package farerror

import (
	"encoding/json"
	"errors"
)

// ErrGarbled says that what should be an error is none.
var ErrGarbled = errors.New("quartet: an error arrived garbled")

// wireError is an error on its way: what the far side can make errors.Is and errors.As say of it.
//
// The field names are a part of PROTOCOL.md: workers in Python and Node write the same JSON.
type wireError struct {
	Message string      `json:"message"`
	Is      []string    `json:"is,omitempty"`    // registered sentinels in its tree
	As      []wireValue `json:"as,omitempty"`    // registered types in its tree
	Cause   bool        `json:"cause,omitempty"` // the cause that the far side cancelled with is in its tree
}

// wireValue is one error in the tree, under the name of its type. Value stays raw until its decoder
// is known.
type wireValue struct {
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
}

// wirePanic is a quartet.PanicError. Stack is the one of the far side's goroutine.
type wirePanic struct {
	Value *wireError `json:"value,omitempty"` // when it is an error
	Text  string     `json:"text"`
	Stack []byte     `json:"stack"`
}

// panicType needs no registration.
const panicType = "quartet.PanicError"

// farError is an error that came from another process. Its message is the whole text of the far
// side's error. inner are those that errors.Is and errors.As find; they add nothing to the text.
type farError struct {
	message string
	inner   []error
}

func (e *farError) Error() string   { return e.message }
func (e *farError) Unwrap() []error { return e.inner }
