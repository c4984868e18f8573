package procpool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// version is the protocol's; see PROTOCOL.md.
const version = 1

type frameType uint8

const (
	frameHello      frameType = iota + 1 // both ways: JSON
	frameBind                            // to the worker: arg is the number of the function that the body names
	frameTask                            // to the worker: run function arg
	frameResult                          // from the worker: arg says of what kind the body is
	frameCancel                          // to the worker: the task's context ends with the error in the body
	frameReturned                        // from the worker: the task has not started here and will not
	frameSuspended                       // from the worker: the task waits
	frameResumed                         // from the worker: the task goes on
	frameWant                            // from the worker: idle, but only for tasks that descend from this one
	frameCall                            // from the worker: a task of its own for the pool; the body begins with the name
	frameCancelCall                      // from the worker: that one's context ends with the error in the body
	frameReply                           // to the worker: that one's result
	frameShutdown                        // from the worker: begin a shutdown of the pool
	frameBye                             // to the worker: nothing follows; exit
	frameRevoke                          // to the worker: return arg tasks that have not started, the eldest first
	frameTypes
)

var frameNames = [frameTypes]string{
	"", "HELLO", "BIND", "TASK", "RESULT", "CANCEL", "RETURNED", "SUSPENDED", "RESUMED", "WANT", "CALL", "CANCELCALL",
	"REPLY", "SHUTDOWN", "BYE", "REVOKE",
}

func (t frameType) String() string {
	if t > 0 && t < frameTypes {
		return frameNames[t]
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// Flags of a frame.
const (
	flagOptional = 0x80 // a receiver that does not know the type skips the frame
	flagExt      = 0x01 // the body begins with an ext block
	flagRaw      = 0x02 // TASK, CALL: the input is bytes as they are, whatever the codec
	flagMore     = 0x04 // the body goes on in the next frame of this type and id; others may come between
	flagAgain    = 0x08 // CALL: the function is idempotent, so that a lost call may be tried again
	flagsKnown   = flagOptional | flagExt | flagRaw | flagMore | flagAgain
)

// Kinds of the body of a RESULT or a REPLY: the low byte of arg. The high byte of a RESULT's says how long the task ran, as
// the bit length of the nanoseconds; 0: unknown.
const (
	kindOutput = 0 // what the function returned, encoded
	kindError  = 1 // a wireError, as JSON
	kindRaw    = 2 // what the function returned: bytes as they are, whatever the codec
)

// returnedAsked is the arg of a RETURNED that answers a REVOKE.
const returnedAsked = 1

// frame is one message. Its body is valid until the reader that gave it is asked for room again.
type frame struct {
	typ   frameType
	flags uint8
	arg   uint16
	id    uint64
	body  []byte
	owned bool // body is the receiver's to keep
}

// headerSize is the size of the header: body length (4), type, flags, arg (2), id (8); little endian.
const headerSize = 16

// appendHeader appends the header of f, whose body follows.
func appendHeader(dst []byte, f frame) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(f.body)))
	dst = append(dst, byte(f.typ), f.flags)
	dst = binary.LittleEndian.AppendUint16(dst, f.arg)
	return binary.LittleEndian.AppendUint64(dst, f.id)
}

func appendFrame(dst []byte, f frame) []byte { return append(appendHeader(dst, f), f.body...) }

// parseFrame reads the first frame of buf. Size 0: buf holds only a part of it, and need says how many bytes it takes.
func parseFrame(buf []byte, limit int) (f frame, size, need int, err error) {
	if len(buf) < headerSize {
		return frame{}, 0, headerSize, nil
	}
	length := binary.LittleEndian.Uint32(buf)
	f = frame{typ: frameType(buf[4]), flags: buf[5], arg: binary.LittleEndian.Uint16(buf[6:]), id: binary.LittleEndian.Uint64(buf[8:])}
	switch {
	case f.flags&^flagsKnown != 0:
		return f, 0, 0, fmt.Errorf("a %s frame has the unknown flags %#x", f.typ, f.flags&^flagsKnown)
	case (f.typ == 0 || f.typ >= frameTypes) && f.flags&flagOptional == 0:
		return f, 0, 0, fmt.Errorf("a frame has the unknown %s", f.typ)
	case uint64(length) > uint64(limit):
		return f, 0, 0, fmt.Errorf("a %s frame of %d bytes is beyond the limit of %d", f.typ, length, limit)
	}
	size = headerSize + int(length)
	if len(buf) < size {
		return frame{}, 0, size, nil
	}
	f.body = buf[headerSize:size:size]
	return f, size, size, nil
}

const (
	minRead   = 32 << 10
	keepAtEnd = 1 << 20 // a larger buffer is given up when it is empty
)

// frameReader cuts a stream of bytes into frames. It does no I/O: bytes are read into room and announced by fed.
type frameReader struct {
	limit      int
	buf        []byte
	start, end int
	total      uint64 // all bytes that were ever fed
	part       frame  // a body in pieces, as far as it has come; typ 0: none
}

// room returns where the next bytes go. The buffer grows with what has arrived, never with what a length promises.
func (r *frameReader) room() []byte {
	if r.start == r.end {
		r.start, r.end = 0, 0
		if len(r.buf) > keepAtEnd {
			r.buf = nil
		}
	}
	if len(r.buf)-r.end < minRead && r.start > 0 {
		r.end = copy(r.buf, r.buf[r.start:r.end])
		r.start = 0
	}
	if len(r.buf)-r.end < minRead {
		grown := make([]byte, max(2*len(r.buf), 2*minRead))
		copy(grown, r.buf[:r.end])
		r.buf = grown
	}
	return r.buf[r.end:]
}

func (r *frameReader) fed(n int) {
	r.end += n
	r.total += uint64(n)
}

// begin returns the first of a frame's pieces, with size bytes of its body: the whole body's size goes before.
func (f frame) begin(size int) frame {
	head := binary.LittleEndian.AppendUint64(make([]byte, 0, 8+size), uint64(len(f.body)))
	f.body = append(head, f.body[:size]...)
	f.flags |= flagMore
	return f
}

// next returns the next whole frame, its pieces put together; ok is false when it has not arrived yet. Optional frames of
// unknown types are skipped.
func (r *frameReader) next() (f frame, ok bool, err error) {
	for {
		f, size, _, err := parseFrame(r.buf[r.start:r.end], r.limit)
		if err != nil || size == 0 {
			return frame{}, false, err
		}
		r.start += size
		if f.typ == 0 || f.typ >= frameTypes {
			continue
		}
		if f, ok, err = r.join(f); ok || err != nil {
			return f, ok, err
		}
	}
}

// promised is how much memory a body in pieces gets before it has come.
const promised = 8 << 20

// join puts the pieces of a body together. One body at a time travels in pieces.
func (r *frameReader) join(f frame) (whole frame, ok bool, err error) {
	more := f.flags&flagMore != 0
	if r.part.typ == 0 {
		if !more {
			return f, true, nil
		}
		r.part = f
		r.part.flags &^= flagMore
		if len(f.body) < 8 {
			return frame{}, false, fmt.Errorf("a %s frame begins a body in pieces without its size", f.typ)
		}
		total := binary.LittleEndian.Uint64(f.body)
		r.part.body = append(make([]byte, 0, min(total, uint64(r.limit), promised)), f.body[8:]...)
		return frame{}, false, nil
	}
	if f.typ != r.part.typ || f.id != r.part.id {
		if more {
			return frame{}, false, fmt.Errorf("a %s frame begins a body in pieces within another one", f.typ)
		}
		return f, true, nil
	}
	if len(f.body) > r.limit-len(r.part.body) {
		return frame{}, false, fmt.Errorf("a %s frame in pieces is beyond the limit of %d", f.typ, r.limit)
	}
	r.part.body = append(r.part.body, f.body...)
	if more {
		return frame{}, false, nil
	}
	whole, r.part = r.part, frame{}
	whole.owned = true
	return whole, true, nil
}

// rest is how many bytes of an unfinished frame are held.
func (r *frameReader) rest() int { return r.end - r.start + len(r.part.body) }

// ext is what can precede a body: a u16 length, then records of tag (1), length (2) and value.
type ext struct {
	left   time.Duration // until the deadline; 0: none
	label  string
	under  uint64 // TASK: the waiting task of the worker that this one descends from
	parent uint64 // CALL: the task that calls
}

const (
	extLeft   = 1 // microseconds, 8 bytes
	extLabel  = 2
	extUnder  = 3
	extParent = 4
)

// maxLabel bounds the label of a frame.
const maxLabel = 1 << 10

func appendExt(dst []byte, x ext) []byte {
	at := len(dst)
	dst = append(dst, 0, 0)
	number := func(tag byte, v uint64) {
		if v != 0 {
			dst = binary.LittleEndian.AppendUint64(append(dst, tag, 8, 0), v)
		}
	}
	if x.left != 0 {
		number(extLeft, uint64(max(x.left.Microseconds(), 1)))
	}
	number(extUnder, x.under)
	number(extParent, x.parent)
	if label := x.label[:min(len(x.label), maxLabel)]; label != "" {
		dst = binary.LittleEndian.AppendUint16(append(dst, extLabel), uint16(len(label)))
		dst = append(dst, label...)
	}
	binary.LittleEndian.PutUint16(dst[at:], uint16(len(dst)-at-2))
	return dst
}

var errExt = errors.New("a frame's extension block is cut")

// parseExt splits a body that begins with an ext block. Unknown records are skipped.
func parseExt(body []byte) (x ext, rest []byte, err error) {
	if len(body) < 2 {
		return x, nil, errExt
	}
	n := int(binary.LittleEndian.Uint16(body))
	if len(body) < 2+n {
		return x, nil, errExt
	}
	records, rest := body[2:2+n], body[2+n:]
	for len(records) > 0 {
		if len(records) < 3 {
			return x, nil, errExt
		}
		tag, size := records[0], int(binary.LittleEndian.Uint16(records[1:]))
		if len(records) < 3+size || tag != extLabel && tag <= extParent && size != 8 {
			return x, nil, errExt
		}
		value := records[3 : 3+size]
		records = records[3+size:]
		switch tag {
		case extLeft:
			x.left = time.Duration(min(binary.LittleEndian.Uint64(value), 1<<52)) * time.Microsecond
		case extLabel:
			x.label = string(value)
		case extUnder:
			x.under = binary.LittleEndian.Uint64(value)
		case extParent:
			x.parent = binary.LittleEndian.Uint64(value)
		}
	}
	return x, rest, nil
}
