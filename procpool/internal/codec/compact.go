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
//
// It needs no version and no names, because the hello has compared the fingerprints of both
// programs. It is a zero-size value: it holds no state, and any goroutine may use it. The table is
// the whole of it: nothing on the wire says of which type a value is, but behind an any. So a byte
// that is missed shifts all that follow, and every decoder has to use exactly what its encoder
// wrote. quick.Check over a type of all kinds tests that.
type compact struct{}

// Append appends v. An error names the field. The cases at the top are the commonest types, whose
// values need no reflection. Decode has the same shortcuts, for the same types. A string and a
// []byte have no length before them here, since the body's end is theirs.
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
	// On an error dst is returned unchanged in length. Bytes that were appended behind it are not
	// the caller's.
	if err := f.encode(&e, reflect.ValueOf(v), maxDepth); err != nil {
		return dst, path(t, err)
	}
	return e.buf, nil
}

// AppendAny appends v, which Decode is to read into an any. v itself is an any, and reflect.TypeOf
// would show only the type in it; so the form is taken of the interface type.
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

// decodeCompact is Decode; lent: data is the reader's to keep. lent is for large bodies that came
// in pieces or through shared memory: their parts can be handed out without a copy, because nobody
// else has them. An error leaves *p half written; the caller throws it away.
//
// Append's nil case has no counterpart here: a nil was written as an any, and p is a *any then,
// which goes through its form like other types.
func decodeCompact(data []byte, p any, lent bool) error {
	// These cases must accept the bytes that Append's shortcuts write, and no others.
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
	// p is a pointer: package quartet passes &out and &in, and nothing else calls this.
	v := reflect.ValueOf(p).Elem()
	f, err := formOf(v.Type())
	if err != nil {
		return err
	}
	// Every element of a slice or map takes one byte at least, so the bytes of the body bound the
	// elements.
	d := decoder{data: data, elements: len(data), least: math.MaxInt}
	// Half of the body at least, so that at most two parts of one body keep it in memory.
	if lent {
		d.least = max(len(data)/2, worthLending)
	}
	if err := f.decode(&d, v, maxDepth); err != nil {
		return path(v.Type(), err)
	}
	return rest(d.data, v.Type())
}

// rest is an error if bytes are left. Both sides compile one type, so bytes that are left mean a
// damaged body, or an enemy. Only the outermost value is asked: within it, others follow.
func rest(data []byte, t reflect.Type) error {
	if len(data) > 0 {
		return fmt.Errorf("procpool: %s has ended, but %d bytes follow", t, len(data))
	}
	return nil
}

var (
	// One text for all damage: whoever reads it cannot do anything about the bytes, and the path
	// says where.
	errCut = errors.New("the bytes are cut, or are no such value")
	// The encoder cannot tell a cycle from a long list, so the text asks.
	errCycle = fmt.Errorf("it is nested more than %d deep: is it a cycle?", maxDepth)
)

// maxDepth bounds the nesting of values: a cycle would have no end. It is also the bound for an
// enemy's bytes: each level of a list of lists may take a single byte, and the decoder recurses.
// Goroutines' stacks bear this depth.
const maxDepth = 10_000

// fieldError says where in a value err came up. It is put together only where there is an error:
// values that travel cost nothing for it.
type fieldError struct {
	path string
	err  error
}

func (e *fieldError) Error() string { return e.path + ": " + e.err.Error() }
func (e *fieldError) Unwrap() error { return e.err }

// at adds a step to the path of err, from the inside out. An error that is nested very deep keeps
// the inner end of its path: see maxPath. inner is changed and not wrapped: it belongs to this one
// failing call, and a chain of ten thousand wrappers would be built otherwise.
func at(step string, err error) error {
	if inner, ok := err.(*fieldError); ok {
		if len(inner.path) < maxPath {
			inner.path = step + inner.path
		}
		return inner
	}
	return &fieldError{step, err}
}

// A path of a value that is nested ten thousand deep would fill a page.
const maxPath = 200

// path is err with the type that it came up in. The path was cut at its outer end, which the
// ellipsis stands for. It is called once, where the codec's method returns.
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
//
// A form holds no state of a call, so all goroutines share it. encode and decode of a type that
// contains itself call each other through the form that is in the compiler's map. v is addressable
// in decode, and need not be in encode.
type form struct {
	// encode may be given a value that it must not change, and that other goroutines read.
	encode func(e *encoder, v reflect.Value, left int) error
	// decode sets v in any case, also to its zero value: v may be an element of a slice that held
	// something before.
	decode func(d *decoder, v reflect.Value, left int) error
	least  int // bytes that any value takes; 0: no value takes one
}

// A form becomes visible only when all forms that it uses are complete: formOf stores those of one
// compiler together, after the last. Two goroutines may compile one type at the same time; both
// forms work.
var forms sync.Map // reflect.Type → *form, complete

// An error is not kept: such a type is refused by quartet.Define already, or a program asks for it
// rarely. A type that is asked for by two goroutines at once may have two forms, each complete in
// itself; LoadOrStore keeps the first one for all later calls.
func formOf(t reflect.Type) (*form, error) {
	if f, ok := forms.Load(t); ok {
		return f.(*form), nil
	}
	// A compiler for each call, and no shared one: it holds forms whose functions are nil, which no
	// other goroutine may see.
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

// encoder appends to a buffer that may be the caller's. After an error the bytes in it are of no
// use.
type encoder struct{ buf []byte }

// uvarint appends a length or a count.
func (e *encoder) uvarint(v uint64) { e.buf = binary.AppendUvarint(e.buf, v) }

// decoder walks through one body, on one goroutine.
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

// Bytes that are not lent are copied: d.data is a part of a buffer that the next read overwrites.
func (d *decoder) keep(b []byte) []byte { return keep(b, len(b) >= d.least) }

// keepText is keep for a string.
func (d *decoder) keepText(b []byte) string { return keepText(b, len(b) >= d.least) }

// uvarint reads a length or a count. n is 0 where the bytes end, and negative where they are no
// 64-bit number. A varint with needless zeros at its end is accepted: it stands for the same
// number, and no length is longer than the bytes that follow it.
func (d *decoder) uvarint() (uint64, error) {
	v, n := binary.Uvarint(d.data)
	if n <= 0 {
		return 0, errCut
	}
	d.data = d.data[n:]
	return v, nil
}

// next returns the next n bytes. Their capacity ends with them, so that an append by the user's
// code does not write into the next value.
func (d *decoder) next(n uint64) ([]byte, error) {
	// The comparison is in uint64: a length above MaxInt would be negative as an int, and pass.
	if n > uint64(len(d.data)) {
		return nil, errCut
	}
	b := d.data[:n:n]
	d.data = d.data[n:]
	return b, nil
}

// block returns bytes that their length precedes. No memory is taken: it is a part of data.
func (d *decoder) block() ([]byte, error) {
	n, err := d.uvarint()
	if err != nil {
		return nil, err
	}
	return d.next(n)
}

// count returns the length of a slice or map whose elements take least bytes each. -1: nil.
//
// Both bounds are needed. The first holds for the whole body: nested lists cannot each claim all
// the bytes that follow. The second one refuses before memory is taken: elements that have not so
// many bytes cannot come. Elements that take no byte (struct{}) have no such bound, and take no
// memory. So have arrays of such elements, and arrays of length 0.
func (d *decoder) count(least int) (int, error) {
	n, err := d.uvarint()
	if err != nil || n == 0 {
		return -1, err
	}
	n--
	// On machines with 32 bits the length has to fit into an int. The bound is the same on all, so
	// that a body which one side writes the other can read.
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
