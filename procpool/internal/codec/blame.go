package codec

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"sync"
	"unicode/utf8"

	"github.com/quartet-go/quartet"
)

var (
	// Each names the remedy; path puts the place before it.
	errBytes = errors.New("it is bytes in an any, which JSON would make a text of: give the field a type, or the far side base64")
	errUTF8  = errors.New("it is a string that is not UTF-8, and JSON would change it: send a []byte")
)

// blame finds the first part of v that JSON cannot carry unchanged, and names its place.
//
// It runs only when something may be wrong (see Append), so it may be slow. It mirrors
// encoding/json: what a type encodes itself, or leaves out, is not looked at. left bounds the
// nesting, since v may hold a cycle; beyond it nothing is found, and the encoder's own error
// stands. The steps of the path are added on the way back (see at), so a value without a fault
// costs no text.
func blame(v reflect.Value, left int) error {
	if !v.IsValid() || left == 0 {
		return nil
	}
	t := v.Type()
	// A type with an encoding of its own is responsible for it. A pointer and an interface may be
	// nil and are looked into first.
	if k := v.Kind(); k != reflect.Interface && k != reflect.Pointer &&
		(both(t, jsonOut, jsonIn) || both(t, textOut, textIn)) {
		return nil
	}
	// Numbers and bools are missing: JSON carries each of them unchanged.
	switch v.Kind() {
	// A string is invalid as a whole; where in it does not help anybody.
	case reflect.String:
		if !utf8.ValidString(v.String()) {
			return errUTF8
		}
	case reflect.Float32, reflect.Float64:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("it is %v, which JSON cannot carry", f)
		}
	case reflect.Interface:
		return blameDynamic(v.Elem(), left-1)
	case reflect.Pointer:
		return blame(v.Elem(), left-1)
	case reflect.Slice, reflect.Array:
		// Bytes become base64, whatever they hold.
		if t.Elem().Kind() == reflect.Uint8 {
			return nil
		}
		for i := range v.Len() {
			if err := blame(v.Index(i), left-1); err != nil {
				return at(index(i), err)
			}
		}
	// The order of the keys is random, so of several faults any one may be named.
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			// The key itself is not in this step: it is the faulty text, which would be in the
			// message then.
			if err := blame(it.Key(), left-1); err != nil {
				return at("[key]", err)
			}
			if err := blame(it.Value(), left-1); err != nil {
				return at(fmt.Sprintf("[%v]", it.Key()), err)
			}
		}
	case reflect.Struct:
		return blameFields(v, left-1)
	}
	return nil
}

// blameFields is blame for the fields that encoding/json writes. The path has Go's names of the
// fields, and not JSON's: the author of the Go program reads the error. Here left stays the same:
// the nesting of fields is bounded by the type, and blame has counted the struct already.
func blameFields(v reflect.Value, left int) error {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		// An embedded struct may have exported fields, whatever its own name. encoding/json leaves out
		// a field whose tag is "-", but "-," is a field of that name. omitempty needs no look: an empty
		// value has no fault.
		if (!f.IsExported() && !f.Anonymous) || f.Tag.Get("json") == "-" {
			continue
		}
		if err := blame(v.Field(i), left); err != nil {
			return at("."+f.Name, err)
		}
	}
	return nil
}

// dynamicTypes has the types that an any may hold. Entries are never removed: there are as many as
// types that a program puts into an any, which is a number of its source and not of its calls.
var dynamicTypes sync.Map // reflect.Type → struct{}

// blameDynamic is blame for what an any holds, whose type nobody has checked.
//
// quartet.Define and Declare look at the types of functions, which end at an any. Bytes are refused
// here, because the far side would get base64 text and could not tell it from text. A type can
// travel if a value of it can be encoded. The zero value is tried first, since a value with a fault
// of its own (a NaN, say) tells nothing of its type; then the value, since a type with an encoding
// of its own may have none for its zero value. Only a success is kept: it holds for all values.
func blameDynamic(v reflect.Value, left int) error {
	if !v.IsValid() {
		return nil
	}
	t := v.Type()
	// Looked at before the type is tried, since JSON would take it.
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 && !both(t, jsonOut, jsonIn) {
		return errBytes
	}
	if _, known := dynamicTypes.Load(t); !known {
		_, err := quartet.JSON{}.Append(nil, reflect.Zero(t).Interface())
		if err != nil && v.CanInterface() {
			_, err = quartet.JSON{}.Append(nil, v.Interface())
		}
		// The error names the type and no place. The caller's path says where.
		if err != nil {
			return err
		}
		dynamicTypes.Store(t, struct{}{})
	}
	return blame(v, left)
}
