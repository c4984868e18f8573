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
	Compact = "compact" // between two processes of one build
	JSON    = "json"    // JSON, but bytes as they are: what other languages read
)

// portable is the codec of one body between this program and others. How the body is written
// travels beside it.
type portable struct{ raw, lent bool }

// maxBlame bounds the nesting in which a fault is looked for.
const maxBlame = 1000

func (p *portable) Append(dst []byte, v any) ([]byte, error) {
	if n, ok := v.(int); ok { // JSON too, without its decoder's cost
		p.raw = false
		return strconv.AppendInt(dst, int64(n), 10), nil
	}
	if b, ok := asBytes(reflect.ValueOf(v)); ok {
		p.raw = true
		return lend(dst, b, p.lent), nil
	}
	p.raw = false
	start := len(dst)
	dst, err := quartet.JSON{}.Append(dst, v)
	// The escape shows a string that was changed, or one that looks like it.
	if err != nil || v != nil && shapeOf(reflect.TypeOf(v)).holds || bytes.Contains(dst[start:], []byte(`\ufffd`)) {
		if fault := blame(reflect.ValueOf(v), maxBlame); fault != nil {
			return dst, path(reflect.TypeOf(v), fault)
		}
	}
	return dst, err
}

// AppendAny appends v, which Decode is to read into an any.
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
func (p *portable) DisallowUnknownFields() quartet.Codec { return strictPortable{p} }

// strictPortable is portable with that.
type strictPortable struct{ *portable }

func (p strictPortable) Decode(data []byte, to any) error {
	return p.decode(data, to, quartet.JSON{}.DisallowUnknownFields())
}

func (p *portable) decode(data []byte, to any, json quartet.Codec) error {
	v := reflect.ValueOf(to).Elem()
	_, wantsBytes := asBytes(v)
	switch {
	case p.raw && wantsBytes:
		v.SetBytes(keep(data, p.lent))
		return nil
	case p.raw:
		return fmt.Errorf("procpool: these are %d raw bytes, and no %s", len(data), v.Type())
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
	if fault := examine(data, shapeOf(v.Type())); fault != nil {
		return path(v.Type(), fault)
	}
	return nil
}

// isInteger reports whether data is a JSON number without fraction or exponent, and nothing around
// it.
func isInteger(data []byte) bool {
	digits := bytes.TrimPrefix(data, []byte("-"))
	return len(digits) > 0 && (digits[0] != '0' || len(digits) == 1) &&
		!slices.ContainsFunc(digits, func(b byte) bool { return b < '0' || b > '9' })
}

// worthLending is the length from which bytes are lent though they would fit into the caller's
// buffer.
const worthLending = 1 << 10

// lend appends b to dst; lent: where dst is empty b itself will do, since it is sent before its
// owner sees it again.
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

// keepText is keep as a string. Nobody writes into a lent body any more.
func keepText(b []byte, lent bool) string {
	if lent {
		return unsafe.String(unsafe.SliceData(b), len(b))
	}
	return string(b)
}

// bytesOf is s, to be read only.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

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
func Of(name string, raw, lent bool) quartet.Codec {
	switch {
	case name != Compact:
		return &portable{raw, lent}
	case lent:
		return lentCompact{}
	}
	return compact{}
}

// lentCompact is compact for bodies that are lent.
type lentCompact struct{ compact }

func (c lentCompact) Append(dst []byte, v any) ([]byte, error) {
	if b, ok := v.([]byte); ok {
		return lend(dst, b, true), nil
	}
	return c.compact.Append(dst, v)
}

func (lentCompact) Decode(data []byte, p any) error { return decodeCompact(data, p, true) }

// IsRaw reports whether c reads, or has written, raw bytes.
func IsRaw(c quartet.Codec) bool {
	p, ok := c.(*portable)
	return ok && p.raw
}
