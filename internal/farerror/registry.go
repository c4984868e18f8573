package farerror

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/quartet-go/quartet"
)

// registered is what Register and RegisterType were told. It is replaced as a whole, so that no
// lock is held while errors of the user's are asked what they are.
//
// Each pair of maps holds the same names in both directions: by name for Decode, by value or type
// for Encode. A sentinel may have several names; then the last one travels.
type registered struct {
	sentinels map[string]error
	names     map[error]string
	types     map[string]func(json.RawMessage) (error, bool)
	typeNames map[reflect.Type]string
}

var (
	// registering guards the writing of registry. Readers take no lock: each version is complete,
	// and never changed.
	registering sync.Mutex
	registry    atomic.Pointer[registered]
)

// register changes a copy of the registry, which may be nil before the first call. change may
// panic: then nothing has been stored, and the lock is free again.
func register(change func(r *registered)) {
	registering.Lock()
	defer registering.Unlock()
	next := registered{
		map[string]error{},
		map[error]string{},
		map[string]func(json.RawMessage) (error, bool){},
		map[reflect.Type]string{},
	}
	if old := registry.Load(); old != nil {
		next = registered{
			maps.Clone(old.sentinels), maps.Clone(old.names), maps.Clone(old.types),
			maps.Clone(old.typeNames),
		}
	}
	change(&next)
	registry.Store(&next)
}

// known returns the registry. Its maps may be nil, and are only read.
func known() *registered {
	if r := registry.Load(); r != nil {
		return r
	}
	return &registered{}
}

// The errors that any program knows need no registration.
func init() {
	for name, err := range map[string]error{
		"context.Canceled": context.Canceled, "context.DeadlineExceeded": context.DeadlineExceeded,
		"quartet.ErrClosed": quartet.ErrClosed, "quartet.ErrSaturated": quartet.ErrSaturated,
		"quartet.ErrDiscarded": quartet.ErrDiscarded, "quartet.ErrPending": quartet.ErrPending,
		"quartet.ErrGoexit": quartet.ErrGoexit, "quartet.ErrNoBody": quartet.ErrNoBody,
		"quartet.ErrInside": quartet.ErrInside, "quartet.ErrDeadlock": quartet.ErrDeadlock,
		"errors.ErrUnsupported": errors.ErrUnsupported,
	} {
		Register("quartet", name, err)
	}
}

// Register has errors.Is find sentinel on the far side. It panics, in the name of package pkg, on
// an error that cannot be compared and on a repeated name.
//
// It is for package initialisers: an error that travels before its registration arrives as text.
// The name is a promise between programs, so it must not be made of an address or a file's line.
func Register(pkg, name string, sentinel error) {
	if sentinel == nil || !reflect.TypeOf(sentinel).Comparable() {
		panic(fmt.Sprintf("%s: RegisterError(%q) of an error that cannot be compared", pkg, name))
	}
	register(func(r *registered) {
		if r.sentinels[name] != nil {
			panic(fmt.Sprintf("%s: an error is registered as %q already", pkg, name))
		}
		r.sentinels[name], r.names[sentinel] = sentinel, name
	})
}

// RegisterType has errors.As find E on the far side. It panics, in the name of package pkg, on a
// repeated name.
//
// E travels as JSON, so its exported fields arrive, or what its MarshalJSON writes. A type that has
// no such fields arrives empty.
func RegisterType[E error](pkg, name string) {
	t := reflect.TypeFor[E]()
	decode := func(data json.RawMessage) (error, bool) {
		var e E
		err := json.Unmarshal(data, &e)
		v := reflect.ValueOf(&e).Elem()
		// JSON's null leaves a nil pointer, whose Error method would panic at its first user.
		return e, err == nil && !(v.Kind() == reflect.Pointer && v.IsNil())
	}
	register(func(r *registered) {
		if r.types[name] != nil {
			panic(fmt.Sprintf("%s: an error type is registered as %q already", pkg, name))
		}
		r.types[name], r.typeNames[t] = decode, name
	})
}
