// Package propagate is what quartet.Propagate registers: values of a submitter's context that
// travel with its calls. What sends calls out of the process asks for them with [Inject] or
// [Append], and the far side puts them back with [Extract] or [Apply].
package propagate

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// MaxName is the longest name, in bytes. The process pool's protocol writes its length in one byte.
const MaxName = 255

// Value is one value on its way. Data is what inject returned: its meaning is the user's. It may be
// empty, which differs from a value that is not there.
type Value struct {
	Name string
	Data []byte
}

// traveller is one registration. Its functions are the user's, and may panic.
type traveller struct {
	name    string
	inject  func(context.Context) []byte
	extract func(context.Context, []byte) context.Context
}

// registered is the table of names, sorted: readers take no lock.
var (
	// registering guards the writing of registered.
	registering sync.Mutex
	registered  atomic.Pointer[[]traveller]
)

// all returns the present table. Nobody changes a slice that was stored.
func all() []traveller {
	if t := registered.Load(); t != nil {
		return *t
	}
	return nil
}

// find returns where name is, or belongs.
func find(in []traveller, name string) (int, bool) {
	return slices.BinarySearchFunc(in, name, func(t traveller, name string) int {
		return strings.Compare(t.name, name)
	})
}

// Register adds a name. It panics on an empty, too long or repeated one, and on a nil func. The
// table is copied for each, so that readers need no lock: names are registered at init, and read
// for each call.
func Register(name string, inject func(context.Context) []byte, extract func(context.Context, []byte) context.Context) {
	switch {
	case name == "":
		panic("quartet: Propagate needs a name")
	case len(name) > MaxName:
		panic(fmt.Sprintf("quartet: Propagate(%.20q…): the name is longer than %d bytes", name, MaxName))
	case inject == nil || extract == nil:
		panic(fmt.Sprintf("quartet: Propagate(%q) of a nil func", name))
	}
	registering.Lock()
	defer registering.Unlock()
	old := all()
	at, taken := find(old, name)
	if taken {
		panic(fmt.Sprintf("quartet: Propagate(%q) is registered already", name))
	}
	grown := slices.Insert(slices.Clone(old), at, traveller{name, inject, extract})
	registered.Store(&grown)
}

// Any reports whether anything is registered: without it, Inject need not be called.
func Any() bool { return len(all()) > 0 }

// Inject returns the values that ctx has, by name; a nil one does not travel. It runs code of the
// user's, on the submitter's goroutine. A panic of an inject function is the submitter's: it is
// raised where the call is submitted, before anything is queued.
func Inject(ctx context.Context) []Value {
	var values []Value
	for _, t := range all() {
		if data := t.inject(ctx); data != nil {
			values = append(values, Value{t.name, data})
		}
	}
	return values
}

// Extract puts values into ctx. One that this program has not registered is left out. The data is
// the extract function's to keep. It runs on the goroutine of the call.
//
// Each function gets the context that the one before it returned, in the order of values. A panic
// is the call's. A nil context would panic much later, in the user's function, so it is caught here
// by name.
func Extract(ctx context.Context, values []Value) context.Context {
	known := all()
	for _, v := range values {
		if i, ok := find(known, v.Name); ok {
			if ctx = known[i].extract(ctx, v.Data); ctx == nil {
				panic(fmt.Sprintf("quartet: the extract function of Propagate(%q) returned a nil context", v.Name))
			}
		}
	}
	return ctx
}

// Append appends the values that ctx has to dst. Without any it appends nothing. Each is a length
// and the name, then a length and the data; lengths are unsigned varints. An executor whose
// messages have one field for all values uses it, and not Inject.
func Append(dst []byte, ctx context.Context) []byte {
	for _, v := range Inject(ctx) {
		dst = binary.AppendUvarint(dst, uint64(len(v.Name)))
		dst = append(dst, v.Name...)
		dst = binary.AppendUvarint(dst, uint64(len(v.Data)))
		dst = append(dst, v.Data...)
	}
	return dst
}

var errCut = errors.New("propagated values are cut")

// Parse is the reverse of Append. The values are copies. The data comes from another process, so
// each length is checked before it is used. They are copied since the message's memory is used
// again.
func Parse(data []byte) ([]Value, error) {
	var values []Value
	for len(data) > 0 {
		name, rest, ok := cut(data)
		if !ok || len(name) == 0 || len(name) > MaxName {
			return nil, errCut
		}
		value, rest, ok := cut(rest)
		if !ok {
			return nil, errCut
		}
		values = append(values, Value{string(name), append([]byte{}, value...)})
		data = rest
	}
	return values, nil
}

// cut divides data after its first field. A length beyond the data is an error, and allocates
// nothing. The comparison is made in uint64, before anything is converted to int.
func cut(data []byte) (field, rest []byte, ok bool) {
	size, n := binary.Uvarint(data)
	if n <= 0 || size > uint64(len(data)-n) {
		return nil, nil, false
	}
	return data[n : n+int(size)], data[n+int(size):], true
}

// Apply puts what Append has encoded into ctx. The values are checked first: with an error ctx is
// returned unchanged, and no extract function has run.
func Apply(ctx context.Context, data []byte) (context.Context, error) {
	values, err := Parse(data)
	if err != nil {
		return ctx, err
	}
	return Extract(ctx, values), nil
}
