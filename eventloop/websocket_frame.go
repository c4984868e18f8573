package eventloop

import (
	"encoding/binary"
	"errors"
)

// opcode is the kind of a WebSocket frame.
type opcode uint8

const (
	opContinue opcode = 0
	opClose    opcode = 8
	opPing     opcode = 9
	opPong     opcode = 10
)

// The highest bit of the opcode says so (RFC 6455, 5.5).
func (op opcode) control() bool { return op >= opClose }

// maxHeader is the longest header that a server sends, which masks nothing.
const maxHeader = 10

// longestHeader is the longest one that there is: a client's, which has a mask.
const longestHeader = maxHeader + 4

// header is the head of a frame.
//
// length is what the other side claims, and is not believed before the bytes are there.
type header struct {
	fin      bool
	reserved bool // bits that only extensions use
	masked   bool
	op       opcode
	length   uint64
	mask     [4]byte
	size     int // of the header itself
}

// parseHeader reports false when the header is not all there. See RFC 6455, 5.2: two bytes, then a
// length of 0, 2 or 8 more, then a mask of 4 if there is one.
func parseHeader(p []byte) (h header, ok bool) {
	if len(p) < 2 {
		return h, false
	}
	h = header{fin: p[0]&0x80 != 0, reserved: p[0]&0x70 != 0, op: opcode(p[0] & 0x0f), masked: p[1]&0x80 != 0, size: 2}
	short := p[1] & 0x7f
	switch {
	case short < 126:
		h.length = uint64(short)
	case short == 126:
		h.size += 2
	default:
		h.size += 8
	}
	extended := h.size
	if h.masked {
		h.size += 4
	}
	if len(p) < h.size {
		return h, false
	}
	switch extended {
	case 4:
		h.length = uint64(binary.BigEndian.Uint16(p[2:]))
	case 10:
		h.length = binary.BigEndian.Uint64(p[2:])
	}
	copy(h.mask[:], p[extended:h.size])
	return h, true
}

// fault is why a server must refuse the frame. RFC 6455 demands each: 5.2 for the bits, opcodes and
// length, 5.1 for the mask, 5.5 for control frames.
func (h *header) fault() error {
	switch {
	case h.reserved:
		return errors.New("reserved bits are set")
	case !h.masked:
		return errors.New("a client's frame is not masked")
	case h.op > 2 && h.op < opClose || h.op > opPong:
		return errors.New("an unknown opcode")
	case h.op.control() && (!h.fin || h.length > 125):
		return errors.New("a control frame that is long or in parts")
	case h.length>>63 != 0:
		return errors.New("a negative length")
	}
	return nil
}

// unmask takes the client's mask off, eight bytes at a time. In place: the data is the loop's until
// the callback returns. The mask is four bytes long, so the eight-byte steps leave its phase alone.
func (h *header) unmask(p []byte) {
	word := uint64(binary.LittleEndian.Uint32(h.mask[:]))
	word |= word << 32
	for len(p) >= 8 {
		binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^word)
		p = p[8:]
	}
	for i := range p {
		p[i] ^= h.mask[i&3]
	}
}

// appendFrame appends a whole frame. Always one frame for a message, so its receiver need not
// gather. A server must not mask (RFC 6455, 5.1).
func appendFrame(dst []byte, op opcode, p []byte) []byte {
	dst = append(dst, 0x80|byte(op))
	switch n := len(p); {
	case n < 126:
		dst = append(dst, byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, 126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, 127), uint64(n))
	}
	return append(dst, p...)
}
