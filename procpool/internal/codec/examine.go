package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// examine looks for what encoding/json has changed without a word when it decoded data into a value
// of this shape: null into a type without nil, text that is no Unicode, integers that a float
// rounds, elements beyond an array, a key that is there twice. data must be valid JSON for the
// shape.
//
// It is a second walk over the text, after encoding/json has accepted it, because encoding/json has
// no option for these. It allocates a slice for each struct, and a map where an object is decoded
// into a map or an any. An error here fails the call: a changed value would be found much later, in
// somebody's data.
//
// Text that encoding/json has accepted is well formed, and of the kind of s but for null: it has
// refused a text in the place of a number itself.
func examine(data []byte, s *shape) error {
	e := examiner{data: data}
	return e.value(s)
}

// examiner walks through JSON. Since the JSON is valid, no method asks whether data ends: each
// index is within it. It never runs on data that Decode has refused. One examiner walks one text,
// on the goroutine that decodes.
type examiner struct {
	data []byte
	at   int
}

var (
	// They have no type: an any may hold whatever comes, and a skipped value is decoded into
	// nothing. Neither refuses null.
	anyShape = &shape{kind: dynamic, null: true}
	skipped  = &shape{null: true}
)

// value examines the next value, and leaves at behind it. encoding/json has accepted the nesting,
// which it bounds, so the recursion has a bound. s may be opaque for a kind that encoding/json
// decodes by itself (a bool, an integer): then only null is looked at.
func (e *examiner) value(s *shape) error {
	e.space()
	switch c := e.data[e.at]; {
	case c == 'n':
		e.at += len("null")
		// encoding/json leaves the value unchanged there.
		if !s.null {
			return fmt.Errorf("it is null, and a value of type %s cannot be: did the function return nothing?", s.typ)
		}
	// null was above; anything else is for the pointer's type. It begins anew at the same place. A
	// pointer to a pointer comes here again, and null was the outermost one's.
	case s.kind == pointer:
		return e.value(s.elem)
	case c == '{':
		return e.object(s)
	case c == '[':
		return e.list(s)
	case c == '"':
		return e.text(s.kind == text || s.kind == dynamic)
	case c == 't':
		e.at += len("true")
	case c == 'f':
		e.at += len("false")
	default:
		return e.number(s)
	}
	return nil
}

// space steps over white space, of which JSON has these four.
func (e *examiner) space() {
	for e.at < len(e.data) && strings.IndexByte(" \t\r\n", e.data[e.at]) >= 0 {
		e.at++
	}
}

// more steps over a separator, and reports whether an element follows. It serves objects, lists and
// the colon after a key. That the separators are right was seen by encoding/json. It reports true
// at the first element, where no separator stands.
func (e *examiner) more(end byte) bool {
	e.space()
	c := e.data[e.at]
	if c == ',' || c == ':' {
		e.at++
		e.space()
		return true
	}
	if c == end {
		e.at++
		return false
	}
	return true
}

// object examines an object. Fields that the struct does not have are stepped over; so is all of it
// where the type decodes itself. A key that is there twice has encoding/json keep the last, without
// a word.
func (e *examiner) object(s *shape) error {
	e.at++
	var seen []bool
	var keys map[string]bool
	switch s.kind {
	case object:
		seen = make([]bool, len(s.fields))
	case mapping, dynamic:
		keys = make(map[string]bool)
	}
	// seen and keys are made anew for each object, also for those of a list.
	for e.more('}') {
		// Of an object that its type decodes itself even the keys are the type's matter.
		key, err := e.key()
		if err != nil && s.kind != opaque {
			return err
		}
		// A key that the struct does not have is skipped whole, so an array or a null below it is
		// no fault.
		inner, again, name := skipped, false, "."+key
		switch s.kind {
		case object:
			// Twice is judged by the field: two spellings that match one field are one key.
			if i, ok := s.field(key); ok {
				inner, again, name = s.fields[i].shape, seen[i], "."+s.fields[i].name
				seen[i] = true
			}
		case mapping, dynamic:
			if inner = anyShape; s.kind == mapping {
				inner = s.elem
			}
			again, name = keys[key], "["+key+"]"
			keys[key] = true
		}
		// Checked before the value, so that the path names the second one.
		if again {
			return at(name, errors.New("the key is there twice"))
		}
		e.more(':')
		if err := e.value(inner); err != nil {
			return at(name, err)
		}
	}
	return nil
}

// list examines a list. encoding/json sets missing elements of an array to zero, and drops those
// beyond its length.
func (e *examiner) list(s *shape) error {
	e.at++
	inner := skipped
	switch s.kind {
	case list, array:
		inner = s.elem
	case dynamic:
		inner = anyShape
	}
	n := 0
	for ; e.more(']'); n++ {
		if err := e.value(inner); err != nil {
			return at(index(n), err)
		}
	}
	// Python and JavaScript have no arrays of a fixed length, so this is the only check.
	if s.kind == array && n != s.length {
		return fmt.Errorf("it has %d elements, and %s has %d", n, s.typ, s.length)
	}
	return nil
}

// key reads an object's key. Most keys have no escape, and are cut out. One with an escape is
// decoded: "a" is "\u0061".
func (e *examiner) key() (key string, err error) {
	start := e.at
	err = e.text(true)
	raw := e.data[start:e.at]
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), err
	}
	_ = json.Unmarshal(raw, &key)
	return key, err
}

var errText = errors.New("it is no Unicode text: encoding it would change it")

// text steps over a string. matters: it is one for its reader. Text is not a string for its reader
// where a type decodes itself, or nobody reads it. encoding/json replaces bytes that are no UTF-8,
// and halves of pairs, by U+FFFD. at is left behind the closing quote even where the text is
// faulty: key reads the text between.
func (e *examiner) text(matters bool) error {
	start := e.at + 1
	for e.at = start; e.data[e.at] != '"'; e.at++ {
		if e.data[e.at] == '\\' {
			e.at++
		}
	}
	raw := e.data[start:e.at]
	e.at++
	if matters && (!utf8.Valid(raw) || halfPair(raw)) {
		return errText
	}
	return nil
}

// halfPair reports whether an escape in raw is half of a surrogate pair.
//
// UTF-16 writes characters beyond 16 bits as two halves, and JSON's escapes are UTF-16. A half
// alone is no character: JavaScript and Python can have it in a string, Go cannot. It needs no look
// at the raw bytes: UTF-8 cannot hold a half, and utf8.Valid was asked first.
func halfPair(raw []byte) bool {
	for {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 {
			return false
		}
		raw = raw[i:]
		// Other escapes are two bytes long, a backslash among them: skipping one byte only would
		// take the second of two backslashes for the begin of an escape.
		first, ok := escaped(raw)
		if !ok {
			raw = raw[2:]
			continue
		}
		raw = raw[6:]
		if !utf16.IsSurrogate(first) {
			continue
		}
		second, ok := escaped(raw)
		if !ok || utf16.DecodeRune(first, second) == utf8.RuneError {
			return true
		}
		raw = raw[6:]
	}
}

// escaped returns the code unit of the escape \uXXXX at the start of raw. It reports false for
// other escapes, which are two bytes long.
func escaped(raw []byte) (rune, bool) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(string(raw[2:6]), 16, 32)
	return rune(v), err == nil
}

// exactDigits is how many digits every float of that size keeps. Beyond that it depends on the
// number, and number compares. A float32 has each integer up to 2²⁴, which has 8 digits, and a
// float64 each up to 2⁵³, which has 16. A sign counts as a digit here, which sends a few more
// numbers to the comparison.
var exactDigits = map[int]int{32: 7, 64: 15}

// number steps over a number. One without a fraction is somebody's integer, which a float must not
// round.
//
// A float whose digits may be rounded is written with an exponent by reference workers:
// PROTOCOL.md, "Inputs and outputs". That is how 1e300, a float, is told from an integer of 300
// digits. encoding/json itself refuses integers beyond an integer type.
func (e *examiner) number(s *shape) error {
	start := e.at
	for e.at < len(e.data) && strings.IndexByte("+-.0123456789eE", e.data[e.at]) >= 0 {
		e.at++
	}
	bits := s.bits
	switch {
	// encoding/json makes a float64 of a number in an any.
	case s.kind == dynamic:
		bits = 64
	case s.kind != float:
		return nil
	}
	raw := e.data[start:e.at]
	// The quick way out: almost all numbers are short or have a point.
	if len(raw) <= exactDigits[bits] || bytes.ContainsAny(raw, ".eE") {
		return nil
	}
	// The digits are exact if the float that they give is written with the same digits, in the
	// shortest form or in full.
	f, _ := strconv.ParseFloat(string(raw), bits)
	if string(raw) != strconv.FormatFloat(f, 'f', -1, bits) && string(raw) != strconv.FormatFloat(f, 'f', 0, bits) {
		return fmt.Errorf("it is the integer %s, which a float%d would round: decode it into an int64, or send text",
			raw, bits)
	}
	return nil
}
