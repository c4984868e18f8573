package codec

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// carried are the types of which an any may hold a value, in the order of their numbers in the
// encoding, from 1: what JSON decodes to, and Go's own numbers, which keep their type. The far side
// knows no other from a name. The number is the byte on the wire, so the order matters between two
// builds; fingerprints see to that.
var carried = [...]reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[string](), reflect.TypeFor[float64](), reflect.TypeFor[int](),
	reflect.TypeFor[[]any](), reflect.TypeFor[map[string]any](), reflect.TypeFor[[]byte](),
	reflect.TypeFor[json.Number](),
	reflect.TypeFor[int8](), reflect.TypeFor[int16](), reflect.TypeFor[int32](), reflect.TypeFor[int64](),
	reflect.TypeFor[uint](), reflect.TypeFor[uint8](), reflect.TypeFor[uint16](), reflect.TypeFor[uint32](),
	reflect.TypeFor[uint64](), reflect.TypeFor[float32](),
}

// The order of evaluation is Go's: it is made after carried.
var carriedNumbers = func() map[reflect.Type]byte {
	m := make(map[reflect.Type]byte, len(carried))
	for i, t := range carried {
		m[t] = byte(i + 1)
	}
	return m
}()

// anyForm writes what an empty interface holds behind the number of its type; 0: nil. Its least is
// 1, the number's byte. The form of the value is looked up for each value, and not when anyForm
// runs: []any contains an any, and would have no end.
//
// A nil any and an any that holds a nil slice are told apart: the second one has its type's number,
// and then the slice's 0. An interface with methods is refused when the type is compiled.
// quartet.Define refuses it too, and names the field.
func anyForm(f *form, t reflect.Type) error {
	if t.NumMethod() > 0 {
		return fmt.Errorf("%s cannot travel: the far side cannot know the type in it", t)
	}
	// v is the interface, and v.Elem() the value in it. A type that is not listed is an error, and
	// is not sent as JSON: the far side would get another type than was put in.
	f.encode = func(e *encoder, v reflect.Value, left int) error {
		if v.IsNil() {
			e.buf = append(e.buf, 0)
			return nil
		}
		// The exact type is looked up: a named type of the user's has the kind of a listed one, but
		// another name, which would be lost.
		number, ok := carriedNumbers[v.Elem().Type()]
		if !ok {
			return fmt.Errorf("an any cannot carry a %s: give the field that type", v.Elem().Type())
		}
		// The types in carried compile without an error, so this one is for a list that somebody
		// has added a bad type to.
		inner, err := formOf(v.Elem().Type())
		if err != nil {
			return err
		}
		if left == 0 {
			return errCycle
		}
		e.buf = append(e.buf, number)
		return inner.encode(e, v.Elem(), left-1)
	}
	f.decode = func(d *decoder, v reflect.Value, left int) error {
		number, err := d.next(1)
		switch {
		case err != nil:
			return err
		case number[0] == 0:
			v.SetZero()
			return nil
		// An enemy's byte, or damage: no table is indexed beyond its end.
		case int(number[0]) > len(carried):
			return errCut
		// []any and map[string]any may hold themselves, and an enemy may nest them: the number
		// counts as a level, besides that of the list.
		case left == 0:
			return errCycle
		}
		inner, err := formOf(carried[number[0]-1])
		if err != nil {
			return err
		}
		// A value in an interface cannot be set, so it is decoded beside it.
		held := reflect.New(carried[number[0]-1]).Elem()
		if err := inner.decode(d, held, left-1); err != nil {
			return err
		}
		v.Set(held)
		return nil
	}
	return nil
}
