package natspool

import (
	"encoding/binary"
	"errors"
	"time"
)

// version is the first byte of every message. A message of another version is not understood, and
// not answered.
const version = 1

var errGarbled = errors.New("natspool: a message arrived garbled")

// callMessage is a call as it waits in the stream.
//
// The format is that of append: numbers as uvarints, strings and bytes with their length before
// them, the input last and without one. A field that is added needs another version.
type callMessage struct {
	flags   uint8
	caller  string
	id      uint64
	name    string // of the function
	label   string
	values  []byte // of quartet.Propagate
	object  string // the name of the input in the object store, if it is there
	input   []byte
	attempt uint64 // from 1: how often it has been started before, and 1
	most    uint64 // attempts
}

const (
	flagRaw        = 1 << iota // the body is bytes or a string, unchanged
	flagIdempotent             // it may be started again
	flagDetached               // it goes on without its caller
	flagObject                 // the body is in the object store
	flagStream                 // the result is taken item by item
	flagMore                   // the item goes on in the next frame
)

// append writes the message as parseCall reads it. The input comes last, since it needs no length
// then.
func (m *callMessage) append(dst []byte) []byte {
	dst = append(dst, version, m.flags)
	dst = appendString(dst, m.caller)
	dst = binary.AppendUvarint(dst, m.id)
	dst = binary.AppendUvarint(dst, m.attempt)
	dst = binary.AppendUvarint(dst, m.most)
	dst = appendString(dst, m.name)
	dst = appendString(dst, m.label)
	dst = appendBytes(dst, m.values)
	dst = appendString(dst, m.object)
	return append(dst, m.input...)
}

// parseCall shares the memory of data: input and values are parts of it.
func parseCall(data []byte) (*callMessage, error) {
	r := begin(data)
	m := &callMessage{flags: r.byte(), caller: r.string(), id: r.uvarint(), attempt: r.uvarint(), most: r.uvarint()}
	m.name, m.label, m.values, m.object, m.input = r.string(), r.string(), r.bytes(), r.string(), r.rest
	return m, r.err
}

// frameKind is the kind of a frame. A message between a node and a caller consists of frames.
//
// A call's way, with the state of its record in the pool and the stage of its job on the node:
//
//	pool                            stream                   node
//	sending   callMessage ──────────> │ <─────────────────── a request for calls
//	queued    <──────── PubAck        │ ───────────────────> asking
//	          <─────────────────────────────────── frameAsk
//	held      frameGrant ─────────────────────────────────> starting, then +ACK to the stream
//	                                                        running: the executor has it
//	          <──────────────────────────────── frameResult over: the result is kept
//	ended     frameConfirm ───────────────────────────────> dropped
//
// Every message may get lost, and somebody notices:
//
//	lost                 noticed by                          then
//	callMessage, PubAck  pool: sendAgainLocked, two beats    it is published again
//	a stored message     pool: askStream                     the same, if nobody was granted it
//	frameAsk             node: remindLocked, half a beat     it is asked again
//	frameGrant           node, as above; pool: holdingLocked it is granted again, or the call sent again
//	frameResult          node: remindLocked, two beats       it is said again, until it is confirmed
//	frameConfirm         the same                            the pool confirms again
//	frameItem            node: remindLocked                  the kept frames are sent again
//	frameTaken           pool: look, each beat               it is said again
//	frameCancel          pool: holdingLocked, each beat      it is said again, while the node lists the call
//	beats of a node      pool: loseLocked, LostAfter         its calls are lost, or sent again
//	beats of a pool      node: loseLocked, LostAfter         its calls are cancelled
//
// A node forgets some calls before their pool knows how they have ended. What the pool then
// believes of such a call must be true. It finds the call missing in frameHolding:
//
//	the node forgets                     when                          the pool believes
//	a call that is asking                two beats without an answer   never started: it is sent again
//	a granted call that it gives back    at once                       the same
//	a result of a silent pool, draining  LostAfter                     lost: the list is not whole
//	a result of a pool that it forgets   callerMemory times LostAfter  the same
//	any call                             the node has left             lost, a Heartbeat later
type frameKind uint8

const (
	frameAsk frameKind = iota + 1 // node: may I start it?
	// node: it does not run on nodes of my class; the body is an error, or empty: no such function
	frameRefuse
	frameBack    // node: it was granted, has not started here and will not
	frameResult  // node: it has ended
	frameHolding // node: all the calls of yours that are here, at your beat n; I have dropped no result since beat m
	frameGrant   // caller: start it; the number is the time left to its deadline in µs, 0: none
	frameDeny    // caller: forget it
	frameCancel  // caller: its context ends; the body is the cause
	frameConfirm // caller: its result has arrived
	frameItem    // node: the next item of a stream, or an error in its place, or a piece; n numbers these frames
	frameTaken   // caller: n items have been read, of those in the first m frames, which have arrived
)

// frame is one of them. Which fields travel depends on the kind.
//
// Frames are said again by beats and reminders, and may arrive twice, late, or in another order
// than those of other subjects. Each kind is therefore idempotent: the receiver looks at the state
// of the call, and not at the frame alone.
type frame struct {
	kind  frameKind
	flags uint8
	id    uint64
	n     uint64
	m     uint64 // frameTaken, frameHolding; frameResult of a stream: how many frameItems there have been
	body  []byte
	held  []holding // frameHolding: these
}

// holding is an entry of frameHolding.
type holding struct {
	id    uint64
	begun bool // it has been started, and may have ended
}

// flagError: the body of frameResult is an error.
const flagError = 1 << 7

// append writes kind and id, and of the other fields those of the kind, in the order in which frame
// reads them.
func (f *frame) append(dst []byte) []byte {
	dst = append(dst, byte(f.kind))
	dst = binary.AppendUvarint(dst, f.id)
	switch f.kind {
	case frameGrant:
		dst = binary.AppendUvarint(dst, f.n)
	case frameResult:
		dst = append(dst, f.flags)
		dst = binary.AppendUvarint(dst, f.n)
		if f.flags&flagStream != 0 {
			dst = binary.AppendUvarint(dst, f.m)
		}
		dst = appendBytes(dst, f.body)
	case frameItem:
		dst = append(dst, f.flags)
		dst = binary.AppendUvarint(dst, f.n)
		dst = appendBytes(dst, f.body)
	case frameTaken:
		dst = binary.AppendUvarint(binary.AppendUvarint(dst, f.n), f.m)
	case frameRefuse, frameCancel:
		dst = appendBytes(dst, f.body)
	case frameHolding:
		dst = binary.AppendUvarint(binary.AppendUvarint(dst, f.n), f.m)
		dst = binary.AppendUvarint(dst, uint64(len(f.held)))
		for _, h := range f.held {
			begun := uint64(0)
			if h.begun {
				begun = 1
			}
			dst = binary.AppendUvarint(dst, h.id<<1|begun)
		}
	}
	return dst
}

// frame parses the next frame. A kind that this version does not know garbles the rest of the
// message, since its length is unknown.
func (r *reader) frame() frame {
	f := frame{kind: frameKind(r.byte()), id: r.uvarint()}
	switch f.kind {
	case frameGrant:
		f.n = r.uvarint()
	case frameResult:

		if f.flags, f.n = r.byte(), r.uvarint(); f.flags&flagStream != 0 {
			f.m = r.uvarint()
		}
		f.body = r.bytes()
	case frameItem:
		f.flags, f.n, f.body = r.byte(), r.uvarint(), r.bytes()
	case frameTaken:
		f.n, f.m = r.uvarint(), r.uvarint()
	case frameRefuse, frameCancel:
		f.body = r.bytes()
	case frameHolding:
		f.n, f.m = r.uvarint(), r.uvarint()
		for n := r.uvarint(); n > 0 && r.err == nil; n-- {
			v := r.uvarint()
			f.held = append(f.held, holding{v >> 1, v&1 == 1})
		}
	case frameAsk, frameBack, frameDeny, frameConfirm:
	default:
		r.err = errGarbled
	}
	return f
}

// frames parses a message between a node and a caller: its sender and its frames.
func frames(data []byte) (from string, all []frame, err error) {
	r := begin(data)
	from = r.string()
	for len(r.rest) > 0 && r.err == nil {
		all = append(all, r.frame())
	}
	return from, all, r.err
}

// callerBeat is a caller's report of itself to all nodes. All nodes hear it; so it names those that
// are to answer.
type callerBeat struct {
	caller   string
	n        uint64 // counts the beats
	detached bool
	idle     bool     // it has no calls, and will be silent until it has
	gone     bool     // it ends in order: nothing of it is left
	nodes    []string // that it believes to hold calls of its: they answer
}

func (b *callerBeat) append(dst []byte) []byte {
	flags := flagIf(b.detached, 1) | flagIf(b.gone, 2) | flagIf(b.idle, 4)
	dst = appendString(append(dst, version, flags), b.caller)
	dst = binary.AppendUvarint(dst, b.n)
	for _, n := range b.nodes {
		dst = appendString(dst, n)
	}
	return dst
}

func parseBeat(data []byte) (b callerBeat, err error) {
	r := begin(data)
	flags := r.byte()
	b = callerBeat{detached: flags&1 != 0, gone: flags&2 != 0, idle: flags&4 != 0, caller: r.string(), n: r.uvarint()}
	for len(r.rest) > 0 && r.err == nil {
		b.nodes = append(b.nodes, r.string())
	}
	return b, r.err
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// reader parses messages. After an error each value is zero. So a parser reads all its fields, and
// looks at err once.
type reader struct {
	rest []byte
	err  error
}

// begin starts to parse a message. Another version's is garbled as a whole: its fields may mean
// anything.
func begin(data []byte) *reader {
	r := &reader{rest: data}
	if r.byte() != version {
		r.fail()
	}
	return r
}

func (r *reader) fail() { r.rest, r.err = nil, errGarbled }

func (r *reader) byte() byte {
	if len(r.rest) == 0 {
		r.fail()
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// bytes returns a part of the message itself. It is not copied: a message is parsed once and
// belongs to its handler. Its capacity is cut, so that an append cannot write into the rest.
func (r *reader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.fail()
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) string() string { return string(r.bytes()) }

// leftOf is a duration as it travels: µs, and 0 only for none.
func leftOf(until time.Time) uint64 {
	if until.IsZero() {
		return 0
	}
	return uint64(max(time.Until(until).Microseconds(), 1))
}
