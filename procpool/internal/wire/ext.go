package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/internal/propagate"
)

// Ext is what can precede a body: a u16 length, then records of tag (1), length (2) and value. A
// TASK and a CALL have one. It is there only where it says something: the pool sets FlagExt then. A
// CALL always has one, since it names the task that calls.
type Ext struct {
	Left   time.Duration // until the deadline; 0: none
	Label  string
	Under  uint64 // TASK: the waiting task of the worker that this one descends from
	Parent uint64 // CALL: the task that calls
	Values []propagate.Value
}

const (
	// The records for later versions get new tags: a receiver skips those that it does not know.
	// The first four but the label are numbers of 8 bytes, and ParseExt relies on that order.
	extLeft   = 1 // microseconds, 8 bytes
	extLabel  = 2
	extUnder  = 3
	extParent = 4
	extValue  = 5 // repeated: length of a name (1), name, data
)

// MaxValues bounds the propagated values of a frame, with what describes them, in bytes. The length
// of the block is a u16, and the label and the numbers have to fit beside the values. Who fills in
// an Ext has to compare SizeOfValues with it and to refuse the call, since AppendExt does not
// check.
const MaxValues = 32 << 10

// SizeOfValues is what values take in a frame. A record has four bytes beside the name and the
// data: the tag, the length of the record, and the length of the name.
func SizeOfValues(values []propagate.Value) (n int) {
	for _, v := range values {
		n += 4 + len(v.Name) + len(v.Data)
	}
	return n
}

// Empty reports that x says nothing.
func (x *Ext) Empty() bool {
	return x.Left == 0 && x.Label == "" && x.Under == 0 && x.Parent == 0 && len(x.Values) == 0
}

// MaxLabel bounds the label of a frame. A longer label is cut by AppendExt, and no error: it is
// text for people.
const MaxLabel = 1 << 10

// The deadline travels as the time that is left, and not as a moment: two processes may have clocks
// that differ, as in a container that was restored. It is at least one microsecond,
// because 0 means that there is no deadline.
func AppendExt(dst []byte, x Ext) []byte {
	at := len(dst)
	// The length of the block is written last, when it is known.
	dst = append(dst, 0, 0)
	number := func(tag byte, v uint64) {
		if v != 0 {
			dst = binary.LittleEndian.AppendUint64(append(dst, tag, 8, 0), v)
		}
	}
	if x.Left != 0 {
		number(extLeft, uint64(max(x.Left.Microseconds(), 1)))
	}
	number(extUnder, x.Under)
	number(extParent, x.Parent)
	if label := x.Label[:min(len(x.Label), MaxLabel)]; label != "" {
		dst = binary.LittleEndian.AppendUint16(append(dst, extLabel), uint16(len(label)))
		dst = append(dst, label...)
	}
	for _, v := range x.Values {
		dst = binary.LittleEndian.AppendUint16(append(dst, extValue), uint16(1+len(v.Name)+len(v.Data)))
		dst = append(append(dst, byte(len(v.Name))), v.Name...)
		dst = append(dst, v.Data...)
	}
	binary.LittleEndian.PutUint16(dst[at:], uint16(len(dst)-at-2))
	return dst
}

var errExt = errors.New("a frame's extension block is cut")

// ParseExt splits a body that begins with an ext block. Unknown records are skipped. All that x
// keeps is copied: body belongs to the reader of the frames, and is overwritten. The block's size
// is a u16, so the records can ask for no more than 64 KiB of copies.
func ParseExt(body []byte) (x Ext, rest []byte, err error) {
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
		// The known numbers must have 8 bytes, or Uint64 below would read beyond the record.
		if len(records) < 3+size || tag != extLabel && tag <= extParent && size != 8 {
			return x, nil, errExt
		}
		value := records[3 : 3+size]
		records = records[3+size:]
		switch tag {
		case extLeft:
			// Bounded, since the product with a microsecond must not become negative: that would be
			// a deadline in the past, or none.
			x.Left = time.Duration(min(binary.LittleEndian.Uint64(value), 1<<52)) * time.Microsecond
		case extLabel:
			x.Label = string(value)
		case extUnder:
			x.Under = binary.LittleEndian.Uint64(value)
		case extParent:
			x.Parent = binary.LittleEndian.Uint64(value)
		case extValue:
			if size == 0 || size < 1+int(value[0]) {
				return x, nil, errExt
			}
			name, data := value[1:1+value[0]], value[1+value[0]:]
			x.Values = append(x.Values, propagate.Value{Name: string(name), Data: append([]byte{}, data...)})
		}
	}
	return x, rest, nil
}

// deadlineCtx shows a deadline that the other side keeps: it sends the cancellation, with its
// cause. A timer of this process would end the context too early or too late, and with an error of
// its own. So a task sees one cause, whoever looks.
type deadlineCtx struct {
	context.Context
	at time.Time
}

func (c deadlineCtx) Deadline() (time.Time, bool) { return c.at, true }

// WithDeadline returns parent with a deadline that ends nothing by itself.
func WithDeadline(parent context.Context, at time.Time) context.Context {
	return deadlineCtx{parent, at}
}

// Beyond returns parent with what travelled beside a task. The values of quartet.Propagate are not
// in it: their extract functions are the user's, and run later, on the goroutine of the call.
func (x Ext) Beyond(parent context.Context) context.Context {
	if x.Label != "" {
		parent = quartet.Label(parent, x.Label)
	}
	if x.Left > 0 {
		parent = WithDeadline(parent, time.Now().Add(x.Left))
	}
	return parent
}
