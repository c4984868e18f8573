package wire

import (
	"encoding/binary"
	"fmt"
)

// AppendCall begins the body of a CALL; the input follows. A CALL names its function in full, and
// not by the number that BIND gave it: a task may call a function that the pool has never sent to
// this worker. A name beyond 65,535 bytes would be cut by its length; names are constants of a
// program.
func AppendCall(dst []byte, x Ext, name string) []byte {
	dst = AppendExt(dst, x)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(name)))
	return append(dst, name...)
}

// ParseCall splits the body of a CALL. name is a copy. input is a part of f.Body, which the reader
// overwrites: the pool copies it before it reads on. The length of the name is compared with the
// bytes that follow before anything is cut.
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
