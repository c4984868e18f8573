package codec

import (
	"encoding"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
)

// compiler makes forms. It holds those that are begun, so that a type may contain itself. A form in
// it may be empty still: it may be referred to, and its least holds, but its functions are nil
// until compiling it has ended. The functions of slices, maps and pointers look at them when they
// run, and not when they are made, so recursion works through these.
type compiler map[reflect.Type]*form

// An error leaves the map with forms that are not complete. formOf then stores none of them, and
// drops the compiler.
func (c compiler) form(t reflect.Type) (*form, error) {
	if f, ok := c[t]; ok {
		return f, nil
	}
	// In the map before its parts are compiled: a type that contains itself finds it. Its address
	// must not change, since others refer to it. From the type, and not from the forms of its
	// parts, which do not exist yet. Cases below that set *f as a whole set least to the same
	// number.
	f := &form{least: leastOf(t)}
	c[t] = f
	var err error
	// Before the kind is looked at: a time.Time is a struct, but brings its own encoding.
	if self, ok := selfForm(t); ok {
		*f = self
	} else {
		switch t.Kind() {
		// The number cases are closed over methods of reflect.Value, so that one generic function
		// serves all kinds. int and uint are varints of 64 bits on all machines.
		case reflect.Bool:
			*f = number(reflect.Value.Bool, setBool, putBool, cutBool)
		case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
			*f = number(reflect.Value.Int, setInt, binary.AppendVarint, binary.Varint)
		case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
			*f = number(reflect.Value.Uint, setUint, binary.AppendUvarint, binary.Uvarint)
		case reflect.Float32:
			*f = number(reflect.Value.Float, setFloat, putFloat32, cutFloat32)
		case reflect.Float64:
			*f = number(reflect.Value.Float, setFloat, putFloat64, cutFloat64)
		case reflect.String:
			*f = stringForm
		case reflect.Struct:
			err = c.structForm(f, t)
		case reflect.Array:
			err = c.arrayForm(f, t)
		case reflect.Slice:
			err = c.sliceForm(f, t)
		case reflect.Map:
			err = c.mapForm(f, t)
		case reflect.Pointer:
			err = c.pointerForm(f, t)
		case reflect.Interface:
			err = anyForm(f, t)
		default:
			// A channel, a func or an address means nothing in another process.
			err = fmt.Errorf("a %s cannot travel to another process", t.Kind())
		}
	}
	return f, err
}

// leastOf is how many bytes any value of t takes. It is known before t is compiled: an array whose
// elements contain it, through a pointer, asks while they are begun. The kinds through which a type
// can contain itself take a byte whatever is behind it, so this ends. It is a lower bound for
// count, and need not be tight: a pointer to a large array counts as one byte, since nil takes one.
func leastOf(t reflect.Type) (least int) {
	switch self, ok := selfForm(t); {
	case ok:
		return self.least
	case t.Kind() == reflect.Array:
		return t.Len() * leastOf(t.Elem())
	case t.Kind() == reflect.Struct:
		for field := range t.Fields() {
			least += leastOf(field.Type)
		}
		return least
	}
	return 1
}

// A string in a value, behind its length. UTF-8 is not asked for: any Go string travels between two
// Go programs. A variable and no method of the compiler: it does not depend on the type.
var stringForm = form{
	least: 1,
	encode: func(e *encoder, v reflect.Value, _ int) error {
		// The length in bytes, and not in runes.
		s := v.String()
		e.uvarint(uint64(len(s)))
		e.buf = append(e.buf, s...)
		return nil
	},
	decode: func(d *decoder, v reflect.Value, _ int) error {
		b, err := d.block()
		if err == nil {
			v.SetString(d.keepText(b))
		}
		return err
	},
}

// structForm writes the fields in their order. Unexported ones do not travel: quartet.Define
// refuses them. Embedded structs are fields like others, and are decoded in place. A struct without
// fields takes no byte.
func (c compiler) structForm(f *form, t reflect.Type) error {
	type field struct {
		*form
		index int
		name  string
	}
	var fields []field
	for i := range t.NumField() {
		sf := t.Field(i)
		// An embedded struct that is not exported can be written to, field by field: reflect allows
		// to set its exported fields, though not the struct as a whole.
		if !sf.IsExported() && (!sf.Anonymous || sf.Type.Kind() != reflect.Struct || encodesItself(sf.Type)) {
			// It could be read, but not set on the far side; and a value that loses a field without
			// a word is worse than an error.
			return at("."+sf.Name, errors.New("it is not exported"))
		}
		inner, err := c.form(sf.Type)
		if err != nil {
			return at("."+sf.Name, err)
		}
		// The names are joined here, once for a type, so that a failing field costs no more than
		// the text.
		fields = append(fields, field{inner, i, "." + sf.Name})
	}
	f.encode = func(e *encoder, v reflect.Value, left int) error {
		// A struct's nesting is bounded by its type, so left stays the same.
		for _, field := range fields {
			if err := field.encode(e, v.Field(field.index), left); err != nil {
				return at(field.name, err)
			}
		}
		return nil
	}
	f.decode = func(d *decoder, v reflect.Value, left int) error {
		for _, field := range fields {
			if err := field.decode(d, v.Field(field.index), left); err != nil {
				return at(field.name, err)
			}
		}
		return nil
	}
	return nil
}

// index is a step of a path.
func index(i int) string { return "[" + strconv.Itoa(i) + "]" }

// The length is the type's, so it does not travel.
func (c compiler) arrayForm(f *form, t reflect.Type) error {
	elem, err := c.form(t.Elem())
	if err != nil {
		return at("[]", err)
	}
	// An array of empty values may have any length: [1<<40]struct{} must not be walked through.
	if f.least == 0 {
		f.encode = func(*encoder, reflect.Value, int) error { return nil }
		f.decode = func(*decoder, reflect.Value, int) error { return nil }
		return nil
	}
	// Method values of elem, whose functions may be nil at this moment: encodeAll reads f.encode
	// when it runs.
	f.encode = elem.encodeAll
	f.decode = elem.decodeAll
	return nil
}

// encodeAll writes the elements of a slice or an array. Each nesting counts against left, so that a
// slice that holds itself ends with an error, and not with the stack.
func (f *form) encodeAll(e *encoder, v reflect.Value, left int) error {
	if left == 0 {
		return errCycle
	}
	for i := range v.Len() {
		if err := f.encode(e, v.Index(i), left-1); err != nil {
			return at(index(i), err)
		}
	}
	return nil
}

// decodeAll reads into elements that are there already. left is as for encodeAll: bytes of an enemy
// may nest as deep.
func (f *form) decodeAll(d *decoder, v reflect.Value, left int) error {
	if left == 0 {
		return errCycle
	}
	for i := range v.Len() {
		if err := f.decode(d, v.Index(i), left-1); err != nil {
			return at(index(i), err)
		}
	}
	return nil
}

// A nil slice and an empty one are told apart, as Go does. Bytes are copied as a whole.
func (c compiler) sliceForm(f *form, t reflect.Type) error {
	elem, err := c.form(t.Elem())
	if err != nil {
		return at("[]", err)
	}
	// A byte that is a type with an encoding of its own is no plain byte.
	plain := t.Elem().Kind() == reflect.Uint8 && !encodesItself(t.Elem())
	f.encode = func(e *encoder, v reflect.Value, left int) error {
		if v.IsNil() {
			e.uvarint(0)
			return nil
		}
		e.uvarint(uint64(v.Len()) + 1)
		switch {
		case plain:
			e.buf = append(e.buf, v.Bytes()...)
			return nil
		case elem.least == 0:
			return nil
		}
		return elem.encodeAll(e, v, left)
	}
	f.decode = func(d *decoder, v reflect.Value, left int) error {
		n, err := d.count(elem.least)
		if err != nil {
			return err
		}
		if n < 0 {
			v.SetZero()
			return nil
		}
		if plain {
			b, err := d.next(uint64(n))
			if err == nil {
				v.SetBytes(d.keep(b))
			}
			return err
		}
		// count has bounded n by the bytes that follow. An element may be larger in memory than on
		// the wire: a body of n bytes costs at most n elements. The slice is made before its
		// elements are read. count is what keeps an enemy from asking for gigabytes here.
		v.Set(reflect.MakeSlice(t, n, n))
		if elem.least == 0 {
			return nil
		}
		return elem.decodeAll(d, v, left)
	}
	return nil
}

// Keys go in the map's random order: nobody compares the bytes. A NaN key of a float map is
// written, and arrives as a key that is NaN. A nil map is no level of nesting: nothing can follow
// within it.
func (c compiler) mapForm(f *form, t reflect.Type) error {
	key, err := c.form(t.Key())
	if err != nil {
		return at("[key]", err)
	}
	elem, err := c.form(t.Elem())
	if err != nil {
		return at("[]", err)
	}
	f.encode = func(e *encoder, v reflect.Value, left int) error {
		if v.IsNil() {
			e.uvarint(0)
			return nil
		}
		if left == 0 {
			return errCycle
		}
		e.uvarint(uint64(v.Len()) + 1)
		for it := v.MapRange(); it.Next(); {
			if err := key.encode(e, it.Key(), left-1); err != nil {
				return at("[key]", err)
			}
			if err := elem.encode(e, it.Value(), left-1); err != nil {
				return at(fmt.Sprintf("[%v]", it.Key()), err)
			}
		}
		return nil
	}
	f.decode = func(d *decoder, v reflect.Value, left int) error {
		// Both together: an entry takes at least so many bytes, although each of the two may take
		// none.
		n, err := d.count(key.least + elem.least)
		if err != nil {
			return err
		}
		if n < 0 {
			v.SetZero()
			return nil
		}
		if left == 0 {
			return errCycle
		}
		// No bound by bytes holds for keys that take none.
		if key.least == 0 && n > 1 {
			return errCut // all keys are equal
		}
		v.Set(reflect.MakeMapWithSize(t, n))
		for range n {
			// New ones for each entry: the value of an entry may keep parts of them.
			k, x := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
			if err := key.decode(d, k, left-1); err != nil {
				return at("[key]", err)
			}
			if err := elem.decode(d, x, left-1); err != nil {
				// The key was decoded, so it can be named, whatever the fault in its value is.
				return at(fmt.Sprintf("[%v]", k), err)
			}
			v.SetMapIndex(k, x)
		}
		// Two equal keys come from no honest encoder; the second would replace the first without a
		// word.
		if v.Len() != n {
			return errors.New("a key is there twice")
		}
		return nil
	}
	return nil
}

// A pointer is one byte, and the value behind it. Two pointers to one value arrive as pointers to
// two: identity does not travel.
func (c compiler) pointerForm(f *form, t reflect.Type) error {
	elem, err := c.form(t.Elem())
	if err != nil {
		return err
	}
	f.encode = func(e *encoder, v reflect.Value, left int) error {
		if v.IsNil() {
			e.buf = append(e.buf, 0)
			return nil
		}
		if left == 0 {
			return errCycle
		}
		e.buf = append(e.buf, 1)
		return elem.encode(e, v.Elem(), left-1)
	}
	f.decode = func(d *decoder, v reflect.Value, left int) error {
		// 0 or 1: another byte is damage, and no pointer.
		tag, err := d.next(1)
		switch {
		case err != nil:
			return err
		case tag[0] == 0:
			v.SetZero()
			return nil
		case tag[0] > 1:
			return errCut
		// Each level of a list that is linked by pointers counts.
		case left == 0:
			return errCycle
		}
		// Memory for one value, which the byte before has paid for: an enemy cannot ask for more
		// than a value of the type for each byte.
		v.Set(reflect.New(t.Elem()))
		return elem.decode(d, v.Elem(), left-1)
	}
	return nil
}

var (
	// A method of the value is a method of the pointer, too, so asking the pointer is enough.
	binaryOut, binaryIn = reflect.TypeFor[encoding.BinaryAppender](), reflect.TypeFor[encoding.BinaryUnmarshaler]()
	jsonOut, jsonIn     = reflect.TypeFor[json.Marshaler](), reflect.TypeFor[json.Unmarshaler]()
	textOut, textIn     = reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextUnmarshaler]()
)

// both reports whether a pointer to t has both methods. One of the two alone does not make an
// encoding: the other side could not read it, and the fields are used. Root package quartet asks
// the same question when a function is defined (traveller.encodesItself). The two must agree, or a
// type would be accepted there and have no form here.
func both(t, out, in reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(out) && p.Implements(in)
}

// encodesItself reports whether t, or a pointer to it, brings both halves of an encoding.
func encodesItself(t reflect.Type) bool {
	// An interface type such as encoding.TextMarshaler has the method itself, but no type to make
	// on the far side.
	return t.Kind() != reflect.Interface &&
		(both(t, binaryOut, binaryIn) || both(t, jsonOut, jsonIn) || both(t, textOut, textIn))
}
