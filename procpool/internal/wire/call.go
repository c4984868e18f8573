package wire

import (
	"encoding/binary"
	"fmt"
)

// AppendCall begins the body of a CALL; the input follows.
func AppendCall(dst []byte, x Ext, name string) []byte {
	dst = AppendExt(dst, x)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(name)))
	return append(dst, name...)
}

// ParseCall splits the body of a CALL.
func ParseCall(f Frame) (x Ext, name string, input []byte, err error) {
	x, rest, err := ParseExt(f.Body)
	if err != nil {
		return x, "", nil, err
	}
	if len(rest) < 2 || len(rest) < 2+int(binary.LittleEndian.Uint16(rest)) {
		return x, "", nil, fmt.Errorf("a CALL frame's name is cut")
	}
	n := 2 + int(binary.LittleEndian.Uint16(rest))
	return x, string(rest[2:n]), rest[n:], nil
}
