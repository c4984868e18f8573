package quartet

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
)

// checkTravel returns an error that names the part of t which no codec can carry to another process.
func checkTravel(t reflect.Type) error {
	return traveller{binary: true, seen: map[reflect.Type]bool{}}.travel(t, t.String())
}

var jsonTypes sync.Map // reflect.Type → error, or nil

// checkJSON is checkTravel for [JSON] alone, where a type that brings a binary encoding, and none that JSON knows, is
// what its fields are.
func checkJSON(t reflect.Type) error {
	if t == nil {
		return nil
	}
	known, ok := jsonTypes.Load(t)
	if !ok {
		known, _ = jsonTypes.LoadOrStore(t, struct{ error }{traveller{seen: map[reflect.Type]bool{}}.travel(t, t.String())})
	}
	return known.(struct{ error }).error
}

// traveller walks through a type.
type traveller struct {
	binary bool // a binary encoding of its own will do
	seen   map[reflect.Type]bool
}

func (w traveller) travel(t reflect.Type, path string) error {
	if w.seen[t] || w.encodesItself(t) {
		return nil
	}
	w.seen[t] = true
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Uintptr, reflect.Complex64, reflect.Complex128:
		return fmt.Errorf("%s is a %s, which cannot travel to another process", path, t.Kind())
	case reflect.Interface:
		return fmt.Errorf("%s is an interface: the far side cannot know the type in it", path)
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return w.travel(t.Elem(), path+"[]")
	case reflect.Map:
		if err := travelKey(t.Key(), path); err != nil {
			return err
		}
		return w.travel(t.Elem(), path+"[]")
	case reflect.Struct:
		return w.fields(t, path)
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

func (w traveller) fields(t reflect.Type, path string) error {
	for f := range t.Fields() {
		name := path + "." + f.Name
		if !f.IsExported() && !f.Anonymous {
			return fmt.Errorf("%s is not exported: its value would be lost on the way", name)
		}
		if !f.IsExported() && (f.Type.Kind() != reflect.Struct || w.encodesItself(f.Type)) {
			return fmt.Errorf("%s is embedded, and its type is not exported: its value could not be set", name)
		}
		if err := w.travel(f.Type, name); err != nil {
			return err
		}
	}
	return nil
}

// encodesItself reports whether t, or a pointer to it, brings both halves of an encoding.
func (w traveller) encodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	both := func(out, in reflect.Type) bool { return p.Implements(out) && p.Implements(in) }
	return w.binary && both(reflect.TypeFor[encoding.BinaryAppender](), reflect.TypeFor[encoding.BinaryUnmarshaler]()) ||
		both(reflect.TypeFor[json.Marshaler](), reflect.TypeFor[json.Unmarshaler]()) ||
		both(reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextUnmarshaler]())
}
