package procpool

import (
	"fmt"
	"reflect"

	"github.com/quartet-go/quartet"
)

// Names of codecs in the hello.
const (
	codecCompact = "compact" // between two processes of one build
	codecJSON    = "json"    // JSON, but bytes as they are: what other languages read
)

// portable is the codec of one body between this program and others. How the body is written travels beside it.
type portable struct{ raw bool }

func (p *portable) Append(dst []byte, v any) ([]byte, error) {
	if b, ok := asBytes(reflect.ValueOf(v)); ok {
		p.raw = true
		return append(dst, b...), nil
	}
	p.raw = false
	return quartet.JSON{}.Append(dst, v)
}

// Decode reads bytes only into a slice of bytes.
func (p *portable) Decode(data []byte, to any) error {
	if !p.raw {
		return quartet.JSON{}.Decode(data, to)
	}
	v := reflect.ValueOf(to).Elem()
	if _, ok := asBytes(v); !ok {
		return fmt.Errorf("procpool: these are %d raw bytes, and no %s", len(data), v.Type())
	}
	v.SetBytes(append(make([]byte, 0, len(data)), data...))
	return nil
}

func asBytes(v reflect.Value) (b []byte, ok bool) {
	if v.Kind() != reflect.Slice || v.Type().Elem().Kind() != reflect.Uint8 || encodesItself(v.Type()) || encodesItself(v.Type().Elem()) {
		return nil, false
	}
	return v.Bytes(), true
}

// codecOf returns what decodes a body, raw or not, or encodes one. A body that Append has not written is in a codec of its
// function's own: others take it as raw, so an encoder begins so.
func codecOf(name string, raw bool) quartet.Codec {
	if name == codecCompact {
		return compact{}
	}
	return &portable{raw}
}

// isRaw reports whether c reads, or has written, raw bytes.
func isRaw(c quartet.Codec) bool {
	p, ok := c.(*portable)
	return ok && p.raw
}
