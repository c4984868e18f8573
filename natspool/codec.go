package natspool

import (
	"fmt"

	"github.com/quartet-go/quartet"
)

// codec is JSON. Bytes and strings travel unchanged: raw says so beside the body. A body that
// Append has not written is in a codec of its function's own. A codec is made for each value, since
// raw is about that one.
type codec struct{ raw bool }

// Append implements quartet.Codec.
func (c *codec) Append(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case []byte:
		c.raw = true
		return append(dst, v...), nil
	case string:
		c.raw = true
		return append(dst, v...), nil
	}
	c.raw = false
	return quartet.JSON{}.Append(dst, v)
}

// Decode implements quartet.Codec. The bytes that it gives are part of data, which belongs to the
// reader.
func (c *codec) Decode(data []byte, p any) error {
	if !c.raw {
		return quartet.JSON{}.Decode(data, p)
	}
	switch p := p.(type) {
	case *[]byte:
		*p = data
	case *string:
		*p = string(data)
	default:
		return fmt.Errorf("natspool: these are %d raw bytes, and no %T", len(data), p)
	}
	return nil
}
