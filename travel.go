package quartet

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
)

// checkTravel returns an error that names the part of t which no codec can carry to another process.
func checkTravel(t reflect.Type) error {
	return travel(t, t.String(), map[reflect.Type]bool{})
}

func travel(t reflect.Type, path string, seen map[reflect.Type]bool) error {
	if seen[t] || encodesItself(t) {
		return nil
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Uintptr, reflect.Complex64, reflect.Complex128:
		return fmt.Errorf("%s is a %s, which cannot travel to another process", path, t.Kind())
	case reflect.Interface:
		return fmt.Errorf("%s is an interface: the far side cannot know the type in it", path)
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return travel(t.Elem(), path+"[]", seen)
	case reflect.Map:
		if err := travelKey(t.Key(), path); err != nil {
			return err
		}
		return travel(t.Elem(), path+"[]", seen)
	case reflect.Struct:
		return travelFields(t, path, seen)
	}
	return nil
}

func travelKey(t reflect.Type, path string) error {
	switch k := t.Kind(); {
	case k == reflect.String, k >= reflect.Int && k <= reflect.Uint64, t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return nil
	default:
		return fmt.Errorf("%s has keys of type %s: only strings, integers and text marshalers travel as keys", path, t)
	}
}

func travelFields(t reflect.Type, path string, seen map[reflect.Type]bool) error {
	for f := range t.Fields() {
		name := path + "." + f.Name
		if !f.IsExported() && !f.Anonymous {
			return fmt.Errorf("%s is not exported: its value would be lost on the way", name)
		}
		if err := travel(f.Type, name, seen); err != nil {
			return err
		}
	}
	return nil
}

// encodesItself reports whether t, or a pointer to it, brings both halves of an encoding that JSON knows.
func encodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	both := func(out, in reflect.Type) bool { return p.Implements(out) && p.Implements(in) }
	return both(reflect.TypeFor[json.Marshaler](), reflect.TypeFor[json.Unmarshaler]()) ||
		both(reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextUnmarshaler]())
}
