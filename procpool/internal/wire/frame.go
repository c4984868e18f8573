package wire

import (
	"encoding/binary"
	"fmt"
)

// Version is the protocol's; see PROTOCOL.md. Both sides compare it: the worker reads it in
// EnvMarker and in the pool's hello, the pool in the worker's hello. Frames and fields that old
// workers may skip need no new version.
const Version = 1

// Type is what a frame says. PROTOCOL.md has the table, with the meaning of id and arg for each;
// the number is the byte on the wire, so the order of the constants is a promise.
type Type uint8

const (
	Hello      Type = iota + 1 // both ways: JSON
	Bind                       // to the worker: arg is the number of the function that the body names
	Task                       // to the worker: run function arg
	Result                     // from the worker: arg says of what kind the body is
	Cancel                     // to the worker: the task's context ends with the error in the body
	Returned                   // from the worker: the task has not started here and will not
	Suspended                  // from the worker: the task waits
	Resumed                    // from the worker: the task goes on
	Want                       // from the worker: idle, but only for tasks that descend from this one
	Call                       // from the worker: a task of its own for the pool; the body begins with the name
	CancelCall                 // from the worker: that one's context ends with the error in the body
	Reply                      // to the worker: that one's result
	Shutdown                   // from the worker: begin a shutdown of the pool
	Bye                        // to the worker: nothing follows; exit
	Revoke                     // to the worker: return arg tasks that have not started, the eldest first
	Free                       // to the worker: the body that it put at the offset id has been read
	Item                       // both ways: one item of a streamed result
	Taken                      // both ways: arg more items of the stream have been taken
	frameTypes
)

// They are for errors, in which PROTOCOL.md's names help the author of a worker.
var frameNames = [frameTypes]string{
	"", "HELLO", "BIND", "TASK", "RESULT", "CANCEL", "RETURNED", "SUSPENDED", "RESUMED", "WANT", "CALL", "CANCELCALL",
	"REPLY", "SHUTDOWN", "BYE", "REVOKE", "FREE",
	"ITEM", "TAKEN",
}

func (t Type) String() string {
	if t > 0 && t < frameTypes {
		return frameNames[t]
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// Flags of a frame.
const (
	// A set bit that is not one of these is an error, also in an optional frame: otherwise a later
	// version could not give it a meaning that a receiver must know.
	FlagOptional = 0x80 // a receiver that does not know the type skips the frame
	FlagExt      = 0x01 // the body begins with an ext block
	FlagRaw      = 0x02 // TASK, CALL: the input is bytes as they are, whatever the codec
	FlagMore     = 0x04 // the body goes on in the next frame of this type and id; others may come between
	FlagAgain    = 0x08 // CALL: the function is idempotent, so that a lost call may be tried again
	// TASK, RESULT, ITEM: the input or output lies in shared memory, at the Place that stands for
	// it
	FlagBulk   = 0x10
	FlagStream = 0x20 // TASK, CALL: the caller takes the result item by item
	flagsKnown = FlagOptional | FlagExt | FlagRaw | FlagMore | FlagAgain | FlagBulk | FlagStream
)

// Kinds of the body of a RESULT, a REPLY or an ITEM: the low byte of arg. The high byte of a
// RESULT's says how long the task ran, as the bit length of the nanoseconds; 0: unknown.
const (
	// The pool checks the kind in contentLocked and refuses others. Package child takes any other
	// number as an output, since it trusts its pool.
	KindOutput = 0 // what the function returned, encoded
	KindError  = 1 // a wireError, as JSON
	KindRaw    = 2 // what the function returned: bytes as they are, whatever the codec
)

// returnedAsked is the arg of a RETURNED that answers a REVOKE. The pool counts the answers that it
// has asked for. It does so to tell them from a task that a worker gives back again and again.
const ReturnedAsked = 1

// Frame is one message. Its body is valid until the reader that gave it is asked for room again.
//
// A frame to be sent may be kept until it has been written: then its Body must not change. Append
// copies it.
type Frame struct {
	Type  Type
	Flags uint8
	Arg   uint16
	ID    uint64
	Ext   []byte // the block before the body, in a frame to be sent; a received one has it in Body
	Body  []byte
	Owned bool // body is the receiver's to keep; in a TASK to be sent: nobody else will write to it
}

// HeaderSize is the size of the header: body length (4), type, flags, arg (2), id (8); little
// endian. A fixed size, so that a reader knows after 16 bytes how long the frame is, and can refuse
// it before it has any of the body.
const HeaderSize = 16

// AppendHeader appends the header of f and its ext block. The body follows. With MORE in Flags,
// f.Body is one piece, and the length is the piece's.
func AppendHeader(dst []byte, f Frame) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(f.size()))
	dst = append(dst, byte(f.Type), f.Flags)
	dst = binary.LittleEndian.AppendUint16(dst, f.Arg)
	return append(binary.LittleEndian.AppendUint64(dst, f.ID), f.Ext...)
}

// size is the length of the body on the wire.
func (f Frame) size() int { return len(f.Ext) + len(f.Body) }

// Append appends the whole frame. It copies the body, so it is for bodies that are short; a long
// body is written behind AppendHeader's bytes.
func Append(dst []byte, f Frame) []byte { return append(AppendHeader(dst, f), f.Body...) }

// parseFrame reads the first frame of buf. Size 0: buf holds only a part of it, and need says how
// many bytes it takes.
//
// It is the only place where headers are read, in the pool and in the worker. It takes no memory
// for the body, whatever the header says. The order of the checks is a part of the protocol: a
// reserved flag is an error before the type is looked at, and the limit holds for frames that are
// skipped, too, since a reader has to hold them whole.
func parseFrame(buf []byte, limit int) (f Frame, size, need int, err error) {
	if len(buf) < HeaderSize {
		return Frame{}, 0, HeaderSize, nil
	}
	length := binary.LittleEndian.Uint32(buf)
	f = Frame{
		Type: Type(buf[4]), Flags: buf[5], Arg: binary.LittleEndian.Uint16(buf[6:]),
		ID: binary.LittleEndian.Uint64(buf[8:]),
	}
	switch {
	case f.Flags&^flagsKnown != 0:
		return f, 0, 0, fmt.Errorf("a %s frame has the unknown flags %#x", f.Type, f.Flags&^flagsKnown)
	case (f.Type == 0 || f.Type >= frameTypes) && f.Flags&FlagOptional == 0:
		return f, 0, 0, fmt.Errorf("a frame has the unknown %s", f.Type)
	case uint64(length) > uint64(limit):
		return f, 0, 0, fmt.Errorf("a %s frame of %d bytes is beyond the limit of %d", f.Type, length, limit)
	}
	size = HeaderSize + int(length)
	if len(buf) < size {
		return Frame{}, 0, size, nil
	}
	// The capacity ends with the frame. Who appends to the body gets a copy, and does not overwrite
	// the next frame.
	f.Body = buf[HeaderSize:size:size]
	return f, size, size, nil
}

const (
	// A read asks for at least minRead bytes, so that many short frames come by one system call.
	minRead   = 32 << 10
	keepAtEnd = 1 << 20 // a larger buffer is given up when it is empty
)

// Reader cuts a stream of bytes into frames. It does no I/O: bytes are read into room and announced
// by fed.
//
// One goroutine at a time uses it: in the pool the one that has the turn to read, in a worker the
// one that reads (crew). It takes no lock.
//
// Total is what the ledger is compared with after a crash: see ReadLedger. Limit may be changed
// between two frames: it is MaxHello until the hello has been read.
type Reader struct {
	Limit      int
	buf        []byte
	start, end int
	Total      uint64 // all bytes that were ever fed
	part       Frame  // a body in pieces, as far as it has come; type 0: none
	whole      uint64 // how long that body is to be
}

// Room returns where the next bytes go. The buffer grows with received data, never with a promised
// length. So a header that promises 1 GiB costs nothing until the bytes are there. It moves what it
// holds, and may replace the buffer: bodies that Next has returned before are not valid any more,
// but for those that are Owned.
func (r *Reader) Room() []byte {
	if r.start == r.end {
		r.start, r.end = 0, 0
		// Many workers that once sent a long frame would otherwise keep that much each.
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

// Fed announces that n bytes were read into what Room returned.
func (r *Reader) Fed(n int) {
	r.end += n
	r.Total += uint64(n)
}

// Begin returns the first of a frame's pieces, with size bytes of its body: the whole body's size
// goes before. The size lets the receiver check its limit once, and allocate once. It cannot be in
// the header, whose length field is the piece's. The ext block counts as a part of the body there,
// as PROTOCOL.md says. size is at most len(f.Body).
func (f Frame) Begin(size int) Frame {
	head := binary.LittleEndian.AppendUint64(make([]byte, 0, 8+len(f.Ext)+size), uint64(f.size()))
	f.Body = append(append(head, f.Ext...), f.Body[:size]...)
	f.Ext, f.Flags = nil, f.Flags|FlagMore
	return f
}

// Next returns the next whole frame, its pieces put together; ok is false when it has not arrived
// yet. Optional frames of unknown types are skipped. An error is final: the stream cannot be read
// on after it, because nobody knows where the next frame begins. The pool then kills the worker,
// and a worker exits.
func (r *Reader) Next() (f Frame, ok bool, err error) {
	for {
		f, size, _, err := parseFrame(r.buf[r.start:r.end], r.Limit)
		if err != nil || size == 0 {
			return Frame{}, false, err
		}
		r.start += size
		if f.Type == 0 || f.Type >= frameTypes {
			continue
		}
		if f, ok, err = r.join(f); ok || err != nil {
			return f, ok, err
		}
	}
}

// promised is how much memory a body in pieces gets before it has come. A sender that says 16 MiB
// and sends nothing costs this much, once for each worker; the rest is allocated by append when it
// has come.
const promised = 8 << 20

// join puts the pieces of a body together. One body at a time travels in pieces. With two at a time
// a sender could promise much memory many times. A frame of another type or id that comes between
// is returned at once: CANCEL and REVOKE pass a long body this way.
func (r *Reader) join(f Frame) (whole Frame, ok bool, err error) {
	more := f.Flags&FlagMore != 0
	switch {
	case r.part.Type == 0 && !more:
		return f, true, nil
	case r.part.Type == 0:
		return Frame{}, false, r.firstPiece(f)
	case f.Type != r.part.Type || f.ID != r.part.ID:
		if more {
			return Frame{}, false, fmt.Errorf("a %s frame begins a body in pieces within another one", f.Type)
		}
		return f, true, nil
	// Invariant: len(r.part.Body) <= r.whole, so the difference is never negative.
	case uint64(len(f.Body)) > r.whole-uint64(len(r.part.Body)):
		return Frame{}, false,
			fmt.Errorf("a %s frame in pieces is longer than the %d bytes that it said", f.Type, r.whole)
	}
	r.part.Body = append(r.part.Body, f.Body...)
	if more {
		return Frame{}, false, nil
	}
	if size := uint64(len(r.part.Body)); size != r.whole {
		return Frame{}, false,
			fmt.Errorf("a %s frame in pieces has %d bytes, not the %d that it said", f.Type, size, r.whole)
	}
	whole, r.part = r.part, Frame{}
	// The pieces were copied together, so nobody else uses this memory. Who gets the frame may keep
	// it without a copy.
	whole.Owned = true
	return whole, true, nil
}

// firstPiece begins a body in pieces. The whole body has the same limit as a body in one frame:
// pieces are for fairness, and not for larger bodies. Flags and arg of the first piece hold for
// all; of those of later ones only MORE counts.
func (r *Reader) firstPiece(f Frame) error {
	if len(f.Body) < 8 {
		return fmt.Errorf("a %s frame begins a body in pieces without its size", f.Type)
	}
	r.whole = binary.LittleEndian.Uint64(f.Body)
	if body := uint64(len(f.Body) - 8); r.whole > uint64(r.Limit) || body > r.whole {
		return fmt.Errorf("a %s frame in pieces of %d bytes is beyond the limit of %d", f.Type, r.whole, r.Limit)
	}
	r.part = f
	r.part.Flags &^= FlagMore
	r.part.Body = append(make([]byte, 0, min(r.whole, promised)), f.Body[8:]...)
	return nil
}

// Held is how many bytes of an unfinished frame are held. The pool asks it of a dead worker that
// never said hello: a part of a frame tells that the program is no worker, but writes to descriptor
// 4.
func (r *Reader) Held() int { return r.end - r.start + len(r.part.Body) }
