package quartet

import (
	"bytes"
	"context"
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"sync"

	"github.com/quartet-go/quartet/internal/propagate"
)

// Codec turns the inputs and outputs of named functions into bytes and back. Its methods may be
// called from many goroutines at once.
//
// One call is encoded by the codec of its executor, or by that of its function ([WithCodec]); the
// far side has to decode with the same. A process pool agrees on one with each worker, when that
// says hello.
type Codec interface {
	// Append appends v's encoding to dst.
	Append(dst []byte, v any) ([]byte, error)
	// Decode reads all of data into the value that p points to.
	Decode(data []byte, p any) error
}

// JSON is the Codec that other languages read: encoding/json.
type JSON struct{}

// Append appends v as JSON. It refuses types that JSON cannot carry, which [Define] accepts because
// another codec can. On an error it returns dst unchanged.
func (JSON) Append(dst []byte, v any) ([]byte, error) {
	if err := checkJSON(reflect.TypeOf(v)); err != nil {
		return dst, err
	}
	data, err := json.Marshal(v)
	if len(dst) == 0 && cap(dst) < len(data) {
		return data, err // append would copy it
	}
	return append(dst, data...), err
}

// Decode reads one JSON value. Fields that p's type does not have are skipped; see
// [DisallowUnknownFields].
func (JSON) Decode(data []byte, p any) error { return decodeJSON(data, p, false) }

// DisallowUnknownFields returns a JSON for which fields that a type does not have are an error.
func (JSON) DisallowUnknownFields() Codec { return strictJSON{} }

// strictJSON is JSON for functions that refuse unknown fields.
type strictJSON struct{ JSON }

func (strictJSON) Decode(data []byte, p any) error { return decodeJSON(data, p, true) }

// A Decoder, since json.Unmarshal cannot refuse unknown fields. It stops after the value, so the
// rest is looked at here. Token and not More is asked, since More says no at a stray bracket, too.
func decodeJSON(data []byte, p any, strict bool) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if strict {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(p); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("quartet: the JSON value ends at byte %d, but more follows", d.InputOffset())
	}
	return nil
}

// appendTo appends v in c. The far side decodes into a T: where that is an interface, c has to know
// it. T is the static type, which the value alone does not tell: an int in an any must arrive as an
// any.
func appendTo[T any](dst []byte, c Codec, v T) ([]byte, error) {
	if reflect.TypeFor[T]().Kind() == reflect.Interface {
		if c, ok := c.(anyAppender); ok {
			return c.AppendAny(dst, v)
		}
	}
	return c.Append(dst, v)
}

// anyAppender is a Codec with another encoding for values that are decoded into an interface. It is
// an interface of its own, so that [Codec] keeps two methods, which a program can write in a
// minute. A codec without it writes the value alone, as JSON does, which needs no type beside it.
type anyAppender interface {
	AppendAny(dst []byte, v any) ([]byte, error)
}

// checkTravel returns an error that names the part of t which no codec can carry to another
// process. It is asked once for each type, at Define, so that the program fails at its start and
// not at the first call. It also stops at a type that brings its own encoding, whatever is in it.
func checkTravel(t reflect.Type) error {
	return traveller{binary: true, seen: map[reflect.Type]bool{}}.travel(t, t.String())
}

// A type never changes, so an entry is never removed; there are as many as types that travel as
// JSON. The error is boxed in a struct: sync.Map cannot hold a nil error as an error.
var jsonTypes sync.Map // reflect.Type → error, or nil

// checkJSON is checkTravel for [JSON] alone, where a type that brings a binary encoding, and none
// that JSON knows, is what its fields are.
func checkJSON(t reflect.Type) error {
	if t == nil {
		return nil
	}
	known, ok := jsonTypes.Load(t)
	if !ok {
		known, _ = jsonTypes.LoadOrStore(t,
			struct{ error }{traveller{seen: map[reflect.Type]bool{}}.travel(t, t.String())})
	}
	return known.(struct{ error }).error
}

// traveller walks through a type. seen ends the walk of a type that contains itself.
type traveller struct {
	binary bool // a binary encoding of its own will do
	seen   map[reflect.Type]bool
}

// path leads from the type of the input or output to the field, for the message. seen has types and
// not places: one that was looked at is as good, or as bad, anywhere else. A fault is found at its
// first place then.
func (w traveller) travel(t reflect.Type, path string) error {
	if w.seen[t] || w.encodesItself(t) {
		return nil
	}
	w.seen[t] = true
	switch t.Kind() {
	// Complex numbers have no JSON, and a uintptr is an address, which means nothing in another
	// process.
	case reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Uintptr, reflect.Complex64, reflect.Complex128:
		return fmt.Errorf("%s is a %s, which cannot travel to another process", path, t.Kind())
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return fmt.Errorf("%s is an interface: the far side cannot know the type in it", path)
		}
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

// encoding/json writes keys as strings: it formats integers, and calls MarshalText. An encoding of
// the other kinds does not help a key.
func travelKey(t reflect.Type, path string) error {
	switch k := t.Kind(); {
	case k == reflect.String, k >= reflect.Int &&
		k <= reflect.Uint64, t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return nil
	default:
		return fmt.Errorf("%s has keys of type %s: only strings, integers and text marshalers travel as keys", path, t)
	}
}

// An unexported field would arrive empty without a word: encoders skip it. An embedded struct is
// another matter, as its exported fields travel. Rejected: to skip what encoders skip. A program
// that adds an unexported field would then lose its value in one executor, and keep it in the
// others.
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

// encodesItself reports whether t, or a pointer to it, brings both halves of an encoding. Both
// halves are asked: a type that only encodes itself would arrive as something else.
// procpool/internal/codec asks the same of a type that it compiles; a type that passes here must
// have a form there.
func (w traveller) encodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	both := func(out, in reflect.Type) bool { return p.Implements(out) && p.Implements(in) }
	return w.binary &&
		both(reflect.TypeFor[encoding.BinaryAppender](), reflect.TypeFor[encoding.BinaryUnmarshaler]()) ||
		both(reflect.TypeFor[json.Marshaler](), reflect.TypeFor[json.Unmarshaler]()) ||
		both(reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextUnmarshaler]())
}

// Propagate has a value of the submitter's context travel with every call that leaves the process:
// a trace, a tenant, a request's number. inject encodes what its ctx has; nil: nothing travels.
// extract puts it into the context of the function on the far side, where it owns data. Both must
// be safe for concurrent use and fast: inject is called at each submit.
//
// The registration belongs to both programs, under the same name; a far side that lacks it leaves
// the value out. Workers in other languages read it by name. Within one process a context's values
// arrive as they are, and only [Serialized] calls the two. Register at init, as functions are. It
// panics on an empty or repeated name, one of more than 255 bytes, and a nil func.
func Propagate(name string, inject func(context.Context) []byte,
	extract func(context.Context, []byte) context.Context,
) {
	propagate.Register(name, inject, extract)
}
