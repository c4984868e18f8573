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
func examine(data []byte, s *shape) error {
	e := examiner{data: data}
	return e.value(s)
}

// examiner walks through JSON.
type examiner struct {
	data []byte
	at   int
}

var (
	anyShape = &shape{kind: dynamic, null: true}
	skipped  = &shape{null: true}
)

func (e *examiner) value(s *shape) error {
	e.space()
	switch c := e.data[e.at]; {
	case c == 'n':
		e.at += len("null")
		if !s.null {
			return fmt.Errorf("it is null, and a value of type %s cannot be: did the function return nothing?", s.typ)
		}
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

func (e *examiner) space() {
	for e.at < len(e.data) && strings.IndexByte(" \t\r\n", e.data[e.at]) >= 0 {
		e.at++
	}
}

// more steps over a separator, and reports whether an element follows.
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
	for e.more('}') {
		key, err := e.key()
		if err != nil && s.kind != opaque {
			return err
		}
		inner, again, name := skipped, false, "."+key
		switch s.kind {
		case object:
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
	if s.kind == array && n != s.length {
		return fmt.Errorf("it has %d elements, and %s has %d", n, s.typ, s.length)
	}
	return nil
}

// key reads an object's key.
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

// text steps over a string. matters: it is one for its reader.
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
func halfPair(raw []byte) bool {
	for {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 {
			return false
		}
		raw = raw[i:]
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

// escaped returns the code unit of the escape \uXXXX at the start of raw.
func escaped(raw []byte) (rune, bool) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(string(raw[2:6]), 16, 32)
	return rune(v), err == nil
}

// exactDigits is how many digits every float of that size keeps.
var exactDigits = map[int]int{32: 7, 64: 15}

// number steps over a number. One without a fraction is somebody's integer, which a float must not
// round.
func (e *examiner) number(s *shape) error {
	start := e.at
	for e.at < len(e.data) && strings.IndexByte("+-.0123456789eE", e.data[e.at]) >= 0 {
		e.at++
	}
	bits := s.bits
	switch {
	case s.kind == dynamic:
		bits = 64
	case s.kind != float:
		return nil
	}
	raw := e.data[start:e.at]
	if len(raw) <= exactDigits[bits] || bytes.ContainsAny(raw, ".eE") {
		return nil
	}
	f, _ := strconv.ParseFloat(string(raw), bits)
	if string(raw) != strconv.FormatFloat(f, 'f', -1, bits) && string(raw) != strconv.FormatFloat(f, 'f', 0, bits) {
		return fmt.Errorf("it is the integer %s, which a float%d would round: decode it into an int64, or send text",
			raw, bits)
	}
	return nil
}
