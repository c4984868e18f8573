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

// compiler makes forms. It holds those that are begun, so that a type may contain itself.
type compiler map[reflect.Type]*form

func (c compiler) form(t reflect.Type) (*form, error) {
	if f, ok := c[t]; ok {
		return f, nil
	}
	f := &form{}
	c[t] = f
	var err error
	if self, ok := selfForm(t); ok {
		*f = self
	} else {
		switch t.Kind() {
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
			err = fmt.Errorf("a %s cannot travel to another process", t.Kind())
		}
	}
	return f, err
}

var stringForm = form{
	least: 1,
	encode: func(e *encoder, v reflect.Value, _ int) error {
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
// refuses them.
func (c compiler) structForm(f *form, t reflect.Type) error {
	type field struct {
		*form
		index int
		name  string
	}
	var fields []field
	for i := range t.NumField() {
		sf := t.Field(i)
		if !sf.IsExported() && (!sf.Anonymous || sf.Type.Kind() != reflect.Struct || encodesItself(sf.Type)) {
			return at("."+sf.Name, errors.New("it is not exported"))
		}
		inner, err := c.form(sf.Type)
		if err != nil {
			return at("."+sf.Name, err)
		}
		fields = append(fields, field{inner, i, "." + sf.Name})
	}
	for _, field := range fields {
		f.least += field.least
	}
	f.encode = func(e *encoder, v reflect.Value, left int) error {
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

func index(i int) string { return "[" + strconv.Itoa(i) + "]" }

func (c compiler) arrayForm(f *form, t reflect.Type) error {
	elem, err := c.form(t.Elem())
	if err != nil {
		return at("[]", err)
	}
	f.least = t.Len() * elem.least
	if f.least == 0 {
		f.encode = func(*encoder, reflect.Value, int) error { return nil }
		f.decode = func(*decoder, reflect.Value, int) error { return nil }
		return nil
	}
	f.encode = elem.encodeAll
	f.decode = elem.decodeAll
	return nil
}

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

func (c compiler) sliceForm(f *form, t reflect.Type) error {
	f.least = 1
	elem, err := c.form(t.Elem())
	if err != nil {
		return at("[]", err)
	}
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
		v.Set(reflect.MakeSlice(t, n, n))
		if elem.least == 0 {
			return nil
		}
		return elem.decodeAll(d, v, left)
	}
	return nil
}

func (c compiler) mapForm(f *form, t reflect.Type) error {
	f.least = 1
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
		if key.least == 0 && n > 1 {
			return errCut // all keys are equal
		}
		v.Set(reflect.MakeMapWithSize(t, n))
		for range n {
			k, x := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
			if err := key.decode(d, k, left-1); err != nil {
				return at("[key]", err)
			}
			if err := elem.decode(d, x, left-1); err != nil {
				return at(fmt.Sprintf("[%v]", k), err)
			}
			v.SetMapIndex(k, x)
		}
		if v.Len() != n {
			return errors.New("a key is there twice")
		}
		return nil
	}
	return nil
}

func (c compiler) pointerForm(f *form, t reflect.Type) error {
	f.least = 1
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
		tag, err := d.next(1)
		switch {
		case err != nil:
			return err
		case tag[0] == 0:
			v.SetZero()
			return nil
		case tag[0] > 1:
			return errCut
		case left == 0:
			return errCycle
		}
		v.Set(reflect.New(t.Elem()))
		return elem.decode(d, v.Elem(), left-1)
	}
	return nil
}

var (
	binaryOut, binaryIn = reflect.TypeFor[encoding.BinaryAppender](), reflect.TypeFor[encoding.BinaryUnmarshaler]()
	jsonOut, jsonIn     = reflect.TypeFor[json.Marshaler](), reflect.TypeFor[json.Unmarshaler]()
	textOut, textIn     = reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextUnmarshaler]()
)

func both(t, out, in reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(out) && p.Implements(in)
}

// encodesItself reports whether t, or a pointer to it, brings both halves of an encoding.
func encodesItself(t reflect.Type) bool {
	return t.Kind() != reflect.Interface &&
		(both(t, binaryOut, binaryIn) || both(t, jsonOut, jsonIn) || both(t, textOut, textIn))
}
