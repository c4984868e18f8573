package codec

import (
	"encoding"
	"encoding/binary"
	"encoding/json"
	"reflect"
)

// selfForm is the form of a type that brings its own encoding. The bytes go behind their length, so
// that a method that reads too far sees the end. Both sides decide by the type alone, so the choice
// needs no byte on the wire. Binary comes first because it is the shortest.
func selfForm(t reflect.Type) (form, bool) {
	// The form of the pointer then calls the method of the type behind it.
	if t.Kind() == reflect.Pointer || !encodesItself(t) {
		return form{}, false // a pointer may be nil, and that travels as for others
	}
	switch {
	// BinaryAppender and not BinaryMarshaler is asked for: a type that has only the latter is
	// written as JSON, as text, or by its fields.
	case both(t, binaryOut, binaryIn):
		return ownForm(
			func(dst []byte, v encoding.BinaryAppender) ([]byte, error) { return v.AppendBinary(dst) },
			func(v encoding.BinaryUnmarshaler, data []byte) error { return v.UnmarshalBinary(data) }), true
	case both(t, jsonOut, jsonIn):
		return ownForm(
			func(dst []byte, v json.Marshaler) ([]byte, error) {
				b, err := v.MarshalJSON()
				return append(dst, b...), err
			},
			func(v json.Unmarshaler, data []byte) error { return v.UnmarshalJSON(data) }), true
	}
	return ownForm(
		func(dst []byte, v encoding.TextMarshaler) ([]byte, error) {
			b, err := v.MarshalText()
			return append(dst, b...), err
		},
		func(v encoding.TextUnmarshaler, data []byte) error { return v.UnmarshalText(data) }), true
}

// lengthSize is the room that is kept for the length of a value's own encoding. It has a fixed
// size, because the length is known only after the value has been written behind it: a varint would
// have to move the bytes. Four bytes hold more than encode lets pass.
const lengthSize = 4

// It calls the user's methods, on the submitter's goroutine or the task's, and without locks. A
// panic in one is the call's.
//
// Out and In are the two interfaces of one encoding. The type assertions below cannot fail:
// selfForm has asked for both.
func ownForm[Out, In any](write func([]byte, Out) ([]byte, error), read func(In, []byte) error) form {
	return form{
		least: lengthSize,
		encode: func(e *encoder, v reflect.Value, _ int) error {
			// start is an index and no pointer: write may return another array, in which the head
			// was copied to the same place.
			start := len(e.buf)
			// A method that returns another slice than the one that it was given, shorter than
			// before, breaks the rule of AppendBinary; it is refused below instead of a panic.
			buf, err := write(append(e.buf, make([]byte, lengthSize)...), asOut[Out](v))
			if err != nil {
				return err
			}
			n := len(buf) - start - lengthSize
			if n < 0 || uint64(n) > 1<<31 {
				return errCut
			}
			binary.LittleEndian.PutUint32(buf[start:], uint32(n))
			e.buf = buf
			return nil
		},
		decode: func(d *decoder, v reflect.Value, _ int) error {
			head, err := d.next(lengthSize)
			if err != nil {
				return err
			}
			body, err := d.next(uint64(binary.LittleEndian.Uint32(head)))
			if err != nil {
				return err
			}
			// An error of the method is the call's. v is addressable, as each decoder's value is.
			return read(v.Addr().Interface().(In), d.keep(body)) // it may keep them
		},
	}
}

// asOut is v, or a copy's address where only pointers have the method. A value in a map or in an
// interface has no address. The address comes first: it has the methods of both, the pointer and
// the value.
func asOut[Out any](v reflect.Value) Out {
	if v.CanAddr() && v.Addr().CanInterface() {
		return v.Addr().Interface().(Out)
	}
	if out, ok := v.Interface().(Out); ok {
		return out
	}
	// The method gets a copy. Whatever it changes in its receiver is lost.
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return p.Interface().(Out)
}
