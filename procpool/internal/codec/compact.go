package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"sync"
)

// compact is the codec between two processes of one build: values without names or types, in the
// order of the fields, since both sides compile the same type. A lone []byte or string is its
// bytes, and nothing else.
//
//	integers        varint, zigzag where signed           slice       0: nil; else length+1, then the elements
//	bool, floats    1, 4 or 8 bytes                       map         likewise, key and value in turn
//	string          length, bytes                         pointer     0: nil; else 1, then the value
//	struct, array   the fields, the elements              its own     length, then what AppendBinary, MarshalJSON or
//	any             the number of a type, the value                   MarshalText give, in this order of preference
type compact struct{}

// Append appends v. An error names the field.
func (compact) Append(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return compact{}.AppendAny(dst, nil)
	case int:
		return binary.AppendVarint(dst, int64(v)), nil
	case string:
		return lend(dst, bytesOf(v), true), nil // nobody can change it
	case []byte:
		return append(dst, v...), nil
	case struct{}:
		return dst, nil
	}
	t := reflect.TypeOf(v)
	f, err := formOf(t)
	if err != nil {
		return dst, err
	}
	e := encoder{dst}
	if err := f.encode(&e, reflect.ValueOf(v), maxDepth); err != nil {
		return dst, path(t, err)
	}
	return e.buf, nil
}

// AppendAny appends v, which Decode is to read into an any.
func (compact) AppendAny(dst []byte, v any) ([]byte, error) {
	t := reflect.TypeFor[any]()
	f, err := formOf(t)
	if err != nil {
		return dst, err
	}
	e := encoder{dst}
	if err := f.encode(&e, reflect.ValueOf(&v).Elem(), maxDepth); err != nil {
		return dst, path(t, err)
	}
	return e.buf, nil
}

// Decode reads all of data. Strings and slices of bytes are copies.
func (compact) Decode(data []byte, p any) error { return decodeCompact(data, p, false) }

// decodeCompact is Decode; lent: data is the reader's to keep.
func decodeCompact(data []byte, p any, lent bool) error {
	switch p := p.(type) {
	case *int:
		v, n := binary.Varint(data)
		if n <= 0 || n != len(data) || int64(int(v)) != v {
			return path(reflect.TypeFor[int](), errCut)
		}
		*p = int(v)
		return nil
	case *string:
		*p = keepText(data, lent && len(data) >= worthLending)
		return nil
	case *[]byte:
		*p = keep(data, lent)
		return nil
	case *struct{}:
		return rest(data, reflect.TypeFor[struct{}]())
	}
	v := reflect.ValueOf(p).Elem()
	f, err := formOf(v.Type())
	if err != nil {
		return err
	}
	d := decoder{data: data, elements: len(data), least: math.MaxInt}
	if lent {
		d.least = max(len(data)/2, worthLending)
	}
	if err := f.decode(&d, v, maxDepth); err != nil {
		return path(v.Type(), err)
	}
	return rest(d.data, v.Type())
}

func rest(data []byte, t reflect.Type) error {
	if len(data) > 0 {
		return fmt.Errorf("procpool: %s has ended, but %d bytes follow", t, len(data))
	}
	return nil
}

var (
	errCut   = errors.New("the bytes are cut, or are no such value")
	errCycle = fmt.Errorf("it is nested more than %d deep: is it a cycle?", maxDepth)
)

// maxDepth bounds the nesting of values: a cycle would have no end.
const maxDepth = 10_000

// fieldError says where in a value err came up.
type fieldError struct {
	path string
	err  error
}

func (e *fieldError) Error() string { return e.path + ": " + e.err.Error() }
func (e *fieldError) Unwrap() error { return e.err }

// at adds a step to the path of err, from the inside out.
func at(step string, err error) error {
	if inner, ok := err.(*fieldError); ok {
		if len(inner.path) < maxPath {
			inner.path = step + inner.path
		}
		return inner
	}
	return &fieldError{step, err}
}

const maxPath = 200

// path is err with the type that it came up in.
func path(t reflect.Type, err error) error {
	inner, ok := err.(*fieldError)
	switch {
	case !ok:
		return fmt.Errorf("procpool: %s: %w", t, err)
	case len(inner.path) >= maxPath:
		return fmt.Errorf("procpool: %s…%w", t, err)
	}
	return fmt.Errorf("procpool: %s%w", t, err)
}

// form is how values of one type are written and read. left is how many levels may still follow.
type form struct {
	encode func(e *encoder, v reflect.Value, left int) error
	decode func(d *decoder, v reflect.Value, left int) error
	least  int // bytes that any value takes; 0: no value takes one
}

var forms sync.Map // reflect.Type → *form, complete

func formOf(t reflect.Type) (*form, error) {
	if f, ok := forms.Load(t); ok {
		return f.(*form), nil
	}
	c := compiler{}
	f, err := c.form(t)
	if err != nil {
		return nil, path(t, err)
	}
	for t, f := range c {
		forms.LoadOrStore(t, f)
	}
	return f, nil
}

type encoder struct{ buf []byte }

func (e *encoder) uvarint(v uint64) { e.buf = binary.AppendUvarint(e.buf, v) }

type decoder struct {
	data []byte
	// elements is how many slices and maps may still have in all. Each element takes a byte of its
	// own at least, however deep it is nested, so honest data never runs out of them, and lengths
	// that lie about what follows cannot add up.
	elements int
	// least is the length from which a string or slice of bytes in the value is a part of a lent
	// body, and no copy: half of the body, so that no small value keeps a large body alive.
	least int
}

func (d *decoder) keep(b []byte) []byte { return keep(b, len(b) >= d.least) }

func (d *decoder) keepText(b []byte) string { return keepText(b, len(b) >= d.least) }

func (d *decoder) uvarint() (uint64, error) {
	v, n := binary.Uvarint(d.data)
	if n <= 0 {
		return 0, errCut
	}
	d.data = d.data[n:]
	return v, nil
}

// next returns the next n bytes.
func (d *decoder) next(n uint64) ([]byte, error) {
	if n > uint64(len(d.data)) {
		return nil, errCut
	}
	b := d.data[:n:n]
	d.data = d.data[n:]
	return b, nil
}

// block returns bytes that their length precedes.
func (d *decoder) block() ([]byte, error) {
	n, err := d.uvarint()
	if err != nil {
		return nil, err
	}
	return d.next(n)
}

// count returns the length of a slice or map whose elements take least bytes each. -1: nil.
func (d *decoder) count(least int) (int, error) {
	n, err := d.uvarint()
	if err != nil || n == 0 {
		return -1, err
	}
	n--
	if n > math.MaxInt32 {
		return 0, errCut
	}
	if least > 0 {
		if n > uint64(d.elements) || n > uint64(len(d.data)/least) {
			return 0, errCut
		}
		d.elements -= int(n)
	}
	return int(n), nil
}
