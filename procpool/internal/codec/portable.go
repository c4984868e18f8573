package codec

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"unsafe"

	"github.com/quartet-go/quartet"
)

// Names of codecs in the hello.
const (
	// They are texts of the protocol. A foreign worker has JSON; a worker that is this program has
	// Compact.
	Compact = "compact" // between two processes of one build
	JSON    = "json"    // JSON, but bytes as they are: what other languages read
)

// portable is the codec of one body between this program and others. How the body is written
// travels beside it.
//
// raw goes from an encoder to the frame (RAW, or kind 2), and from the frame to a decoder. So one
// value of it must not be used by two goroutines, or for two bodies.
//
// It is a pointer type for that reason: Append has to leave raw for IsRaw, which the pool asks
// right after.
type portable struct{ raw, lent bool }

// maxBlame bounds the nesting in which a fault is looked for. encoding/json finds cycles itself; a
// fault that is deeper than this is not named.
const maxBlame = 1000

// A worker in another language gives its function bytes for a []byte, so these travel raw, without
// base64. All else is JSON, and JSON that would not keep the value is an error that names the part.
// encoding/json replaces text that is no UTF-8 without an error, which is why blame is asked. raw
// is set on each path, since a stream appends item after item with one codec.
func (p *portable) Append(dst []byte, v any) ([]byte, error) {
	if n, ok := v.(int); ok { // JSON too, without its decoder's cost
		p.raw = false
		return strconv.AppendInt(dst, int64(n), 10), nil
	}
	// A nil slice of bytes travels as no bytes, and arrives empty: raw bytes have no null.
	if b, ok := asBytes(reflect.ValueOf(v)); ok {
		p.raw = true
		return lend(dst, b, p.lent), nil
	}
	p.raw = false
	// dst may hold the head of a CALL, whose bytes are not JSON and must not be searched.
	start := len(dst)
	dst, err := quartet.JSON{}.Append(dst, v)
	// The escape shows a string that was changed, or one that looks like it. Values that hold an
	// any are looked at each time, as nobody has checked the types in it. All other values are
	// looked at only on suspicion, since blame walks with reflection.
	if err != nil || v != nil && shapeOf(reflect.TypeOf(v)).holds || bytes.Contains(dst[start:], []byte(`\ufffd`)) {
		// No fault means that the suspicion was wrong: the text holds the escape because its author
		// wrote U+FFFD.
		if fault := blame(reflect.ValueOf(v), maxBlame); fault != nil {
			return dst, path(reflect.TypeOf(v), fault)
		}
	}
	return dst, err
}

// AppendAny appends v, which Decode is to read into an any. An any that holds bytes is refused
// (errBytes), and never raw: the decoder of an any would not know.
func (p *portable) AppendAny(dst []byte, v any) ([]byte, error) {
	p.raw = false
	if fault := blameDynamic(reflect.ValueOf(v), maxBlame); fault != nil {
		return dst, path(reflect.TypeFor[any](), fault)
	}
	return quartet.JSON{}.Append(dst, v)
}

// Decode reads bytes only into a slice of bytes, and JSON only as what it says: see examine.
func (p *portable) Decode(data []byte, to any) error { return p.decode(data, to, quartet.JSON{}) }

// DisallowUnknownFields returns a codec for functions that take no field which they do not know.
// Root package quartet looks for this method by an interface: see quartet.JSON.
func (p *portable) DisallowUnknownFields() quartet.Codec { return strictPortable{p} }

// strictPortable is portable with that.
type strictPortable struct{ *portable }

func (p strictPortable) Decode(data []byte, to any) error {
	return p.decode(data, to, quartet.JSON{}.DisallowUnknownFields())
}

// The fast way for an int must accept no more than JSON does: isInteger leaves "+1", "01" and
// spaces to the decoder, whose error is better.
func (p *portable) decode(data []byte, to any, json quartet.Codec) error {
	v := reflect.ValueOf(to).Elem()
	_, wantsBytes := asBytes(v)
	switch {
	// SetBytes keeps the named type of the slice.
	case p.raw && wantsBytes:
		v.SetBytes(keep(data, p.lent))
		return nil
	case p.raw:
		return fmt.Errorf("procpool: these are %d raw bytes, and no %s", len(data), v.Type())
	// A worker that returns text where Go wants bytes has a fault that base64 would hide. null is a
	// slice that is nil.
	case wantsBytes && string(data) != "null":
		return fmt.Errorf("procpool: it is no bytes, but JSON (%.20s): return bytes", data)
	}
	if n, ok := to.(*int); ok && isInteger(data) {
		if v, err := strconv.ParseInt(string(data), 10, strconv.IntSize); err == nil {
			*n = int(v)
			return nil
		}
	}
	if err := json.Decode(data, to); err != nil {
		return err
	}
	// to has been written already; with the error nobody uses it.
	if fault := examine(data, shapeOf(v.Type())); fault != nil {
		return path(v.Type(), fault)
	}
	return nil
}

// isInteger reports whether data is a JSON number without fraction or exponent, and nothing around
// it. The bytes may be anything, since nobody has looked at them before. It does not bound the
// length: ParseInt refuses a number beyond an int, and the decoder then says so.
func isInteger(data []byte) bool {
	digits := bytes.TrimPrefix(data, []byte("-"))
	return len(digits) > 0 && (digits[0] != '0' || len(digits) == 1) &&
		!slices.ContainsFunc(digits, func(b byte) bool { return b < '0' || b > '9' })
}

// worthLending is the length from which bytes are lent though they would fit into the caller's
// buffer. Below that a copy is cheaper than what the caller's buffer loses by not being used.
const worthLending = 1 << 10

// lend appends b to dst; lent: where dst is empty b itself will do, since it is sent before its
// owner sees it again.
//
// dst is not empty where something precedes the value, such as the head of a CALL. A lent body must
// not be changed until its frame is written: the pool lends only inputs whose caller waits for the
// outcome, a worker the outputs of functions. Returning b in place of dst means that the caller's
// buffer is not used for this frame; it may be used for the next one.
func lend(dst, b []byte, lent bool) []byte {
	if lent && (dst == nil || len(dst) == 0 && len(b) >= worthLending) {
		return b
	}
	return append(dst, b...)
}

// keep is a copy of b; lent: b is the reader's to keep.
func keep(b []byte, lent bool) []byte {
	if lent {
		return b
	}
	kept := make([]byte, len(b)) // make and copy: no zeros are written
	copy(kept, b)
	return kept
}

// keepText is keep as a string. Nobody writes into a lent body any more. The string then shares the
// body's memory, which stays as long as the string: decodeCompact lends large parts only.
func keepText(b []byte, lent bool) string {
	if lent {
		return unsafe.String(unsafe.SliceData(b), len(b))
	}
	return string(b)
}

// bytesOf is s, to be read only. Strings never change, so nobody may write there: it is for lend,
// whose bytes are only sent.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// asBytes reports whether v travels as raw bytes: a []byte or a type of it that has no encoding of
// its own. encoding/json would make base64 of these. An array of bytes is none: JSON writes it as a
// list of numbers, and workers in other languages read it so.
func asBytes(v reflect.Value) (b []byte, ok bool) {
	if v.Kind() != reflect.Slice || v.Type().Elem().Kind() != reflect.Uint8 || encodesItself(v.Type()) ||
		encodesItself(v.Type().Elem()) {
		return nil, false
	}
	return v.Bytes(), true
}

// Of returns what decodes a body, raw or not, or encodes one. A body that Append has not written is
// in a codec of its function's own: others take it as raw, so an encoder begins so. lent spares
// large bodies a copy: see lend and keep.
//
// The pool calls it for inputs and results, a worker for its tasks and its own calls. raw of a
// decoder is the frame's; name is the codec of the hello, and any name but Compact is JSON, as the
// other side has agreed to it.
func Of(name string, raw, lent bool) quartet.Codec {
	switch {
	case name != Compact:
		return &portable{raw, lent}
	case lent:
		return lentCompact{}
	}
	return compact{}
}

// lentCompact is compact for bodies that are lent. A type of its own and not a field, so that
// compact stays without size and needs no allocation as an interface.
type lentCompact struct{ compact }

func (c lentCompact) Append(dst []byte, v any) ([]byte, error) {
	if b, ok := v.([]byte); ok {
		return lend(dst, b, true), nil
	}
	return c.compact.Append(dst, v)
}

func (lentCompact) Decode(data []byte, p any) error { return decodeCompact(data, p, true) }

// IsRaw reports whether c reads, or has written, raw bytes. It is asked after Append, or of a
// decoder at any time. Compact never is: both sides know its types.
func IsRaw(c quartet.Codec) bool {
	p, ok := c.(*portable)
	return ok && p.raw
}
