package procpool

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"github.com/quartet-go/quartet"
)

// Names of codecs in the hello.
const (
	codecCompact = "compact" // between two processes of one build
	codecJSON    = "json"    // JSON, but bytes as they are: what other languages read
)

// portable is the codec of one body between this program and others. How the body is written travels beside it.
type portable struct{ raw, lent bool }

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
	return quartet.JSON{}.Append(dst, v)
}

// Decode reads bytes only into a slice of bytes.
func (p *portable) Decode(data []byte, to any) error {
	if !p.raw {
		if n, ok := to.(*int); ok && isInteger(data) {
			v, err := strconv.ParseInt(string(data), 10, strconv.IntSize)
			*n = int(v)
			return err
		}
		return quartet.JSON{}.Decode(data, to)
	}
	v := reflect.ValueOf(to).Elem()
	if _, ok := asBytes(v); !ok {
		return fmt.Errorf("procpool: these are %d raw bytes, and no %s", len(data), v.Type())
	}
	v.SetBytes(keep(data, p.lent))
	return nil
}

// isInteger reports whether data is a JSON number without fraction or exponent, and nothing around it.
func isInteger(data []byte) bool {
	digits := bytes.TrimPrefix(data, []byte("-"))
	return len(digits) > 0 && (digits[0] != '0' || len(digits) == 1) &&
		!slices.ContainsFunc(digits, func(b byte) bool { return b < '0' || b > '9' })
}

// lend appends b to dst; lent: where dst is nil b itself will do, since it is sent before its owner sees it again.
func lend(dst, b []byte, lent bool) []byte {
	if lent && dst == nil {
		return b
	}
	return append(dst, b...)
}

// keep is a copy of b; lent: b is the reader's to keep.
func keep(b []byte, lent bool) []byte {
	if lent {
		return b
	}
	return append(make([]byte, 0, len(b)), b...)
}

func asBytes(v reflect.Value) (b []byte, ok bool) {
	if v.Kind() != reflect.Slice || v.Type().Elem().Kind() != reflect.Uint8 || encodesItself(v.Type()) || encodesItself(v.Type().Elem()) {
		return nil, false
	}
	return v.Bytes(), true
}

// codecOf returns what decodes a body, raw or not, or encodes one. A body that Append has not written is in a codec of its
// function's own: others take it as raw, so an encoder begins so. lent spares large bodies a copy: see lend and keep.
func codecOf(name string, raw, lent bool) quartet.Codec {
	switch {
	case name != codecCompact:
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

func (c lentCompact) Decode(data []byte, p any) error {
	if p, ok := p.(*[]byte); ok {
		*p = keep(data, true)
		return nil
	}
	return c.compact.Decode(data, p)
}

// isRaw reports whether c reads, or has written, raw bytes.
func isRaw(c quartet.Codec) bool {
	p, ok := c.(*portable)
	return ok && p.raw
}
