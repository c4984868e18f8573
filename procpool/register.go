package procpool

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

// registered is what RegisterError and RegisterErrorType were told. It is replaced as a whole, so that no lock is held
// while errors of the user's are asked what they are.
type registered struct {
	sentinels map[string]error
	names     map[error]string
	types     map[string]func(json.RawMessage) (error, bool)
	typeNames map[reflect.Type]string
}

var (
	registering sync.Mutex
	registry    atomic.Pointer[registered]
)

// register changes a copy of the registry, which may be nil before the first call.
func register(change func(r *registered)) {
	registering.Lock()
	defer registering.Unlock()
	next := registered{
		map[string]error{}, map[error]string{}, map[string]func(json.RawMessage) (error, bool){}, map[reflect.Type]string{},
	}
	if old := registry.Load(); old != nil {
		next = registered{maps.Clone(old.sentinels), maps.Clone(old.names), maps.Clone(old.types), maps.Clone(old.typeNames)}
	}
	change(&next)
	registry.Store(&next)
}

// known returns the registry.
func known() *registered {
	if r := registry.Load(); r != nil {
		return r
	}
	return &registered{}
}

// builtin sentinels need no registration.
var builtin = map[string]error{
	"context.Canceled": context.Canceled, "context.DeadlineExceeded": context.DeadlineExceeded,
	"quartet.ErrClosed": quartet.ErrClosed, "quartet.ErrSaturated": quartet.ErrSaturated,
	"quartet.ErrDiscarded": quartet.ErrDiscarded, "quartet.ErrPending": quartet.ErrPending,
	"quartet.ErrGoexit": quartet.ErrGoexit, "quartet.ErrNoBody": quartet.ErrNoBody,
	"quartet.ErrInside": quartet.ErrInside, "quartet.ErrDeadlock": quartet.ErrDeadlock,
	"errors.ErrUnsupported": errors.ErrUnsupported,
	"procpool.ErrCrashLoop": ErrCrashLoop, "procpool.ErrProtocol": ErrProtocol, "procpool.ErrMismatch": ErrMismatch,
	"procpool.ErrRunTimeout": ErrRunTimeout, "procpool.ErrQueueTimeout": ErrQueueTimeout,
	"procpool.ErrHung": ErrHung, "procpool.ErrMemory": ErrMemory,
	"procpool.ErrNested": ErrNested, "procpool.ErrNoInit": ErrNoInit,
}

var builtinNames = func() map[error]string {
	names := make(map[error]string, len(builtin))
	for name, err := range builtin {
		names[err] = name
	}
	return names
}()

// RegisterError gives a sentinel a name under which it crosses to and from workers, so that errors.Is finds it on the far
// side. Call it while the program starts, beside the sentinel. It panics on a nil error and on a repeated name.
// The errors of this module and of package context need no registration.
func RegisterError(name string, sentinel error) {
	if sentinel == nil || !reflect.TypeOf(sentinel).Comparable() {
		panic(fmt.Sprintf("procpool: RegisterError(%q) of an error that cannot be compared", name))
	}
	register(func(r *registered) {
		if r.sentinels[name] != nil || builtin[name] != nil {
			panic(fmt.Sprintf("procpool: an error is registered as %q already", name))
		}
		r.sentinels[name], r.names[sentinel] = sentinel, name
	})
}

// RegisterErrorType is RegisterError for a type that errors.As is to find on the far side. Its exported fields travel as
// JSON.
func RegisterErrorType[E error](name string) {
	t := reflect.TypeFor[E]()
	decode := func(data json.RawMessage) (error, bool) {
		var e E
		err := json.Unmarshal(data, &e)
		v := reflect.ValueOf(&e).Elem()
		return e, err == nil && !(v.Kind() == reflect.Pointer && v.IsNil())
	}
	register(func(r *registered) {
		if r.types[name] != nil {
			panic(fmt.Sprintf("procpool: an error type is registered as %q already", name))
		}
		r.types[name], r.typeNames[t] = decode, name
	})
}
