package intake

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"time"

	"github.com/quartet-go/quartet"
)

// Around is Config.Around of every executor.
type Around = func(ctx context.Context, info quartet.Info, run func(context.Context) error) error

// Name returns what events and logs call the executor.
func (in *Intake) Name() string { return in.cfg.Name }

// Logger returns the executor's logger: slog's default is looked up each time, as it may be
// changed.
func (in *Intake) Logger() *slog.Logger {
	if in.cfg.Logger != nil {
		return in.cfg.Logger
	}
	return slog.Default()
}

// Field is a checked field of a Config. The check is done when the Field is made, so that Wrong has
// no types to care for.
type Field struct {
	name  string
	wrong string // "": nothing
	value any
}

// NotNegative checks a number, a size or a duration. A size in bytes is an int64: an int ends at 2
// GiB on some machines.
func NotNegative[T int | int64 | time.Duration](name string, v T) Field {
	f := Field{name: name, value: v}
	if v < 0 {
		f.wrong = "is negative"
	}
	return f
}

// Wrong returns an error if a field is out of range. It names the first one.
func Wrong(pkg string, fields ...Field) error {
	for _, f := range fields {
		if f.wrong != "" {
			return fmt.Errorf("%s: Config.%s %s: %v", pkg, f.name, f.wrong, f.value)
		}
	}
	return nil
}

// Must panics with the text of err. The executors of this process panic where a field of their
// Config is out of range; those that need more than this process return the error.
func Must(err error) {
	if err != nil {
		panic(err.Error())
	}
}

// SetDefault sets a field that is zero. A negative value that means never is not zero, and stays.
func SetDefault[T comparable](field *T, value T) {
	if *field == *new(T) {
		*field = value
	}
}

// NotNil panics when ctx is nil, or t is nil or a nil func. It names the call.
func NotNil(pkg, call string, ctx context.Context, t quartet.Task) {
	if ctx == nil {
		panic(fmt.Sprintf("%s: %s with a nil Context", pkg, call))
	}
	if f, ok := t.(quartet.TaskFunc); t == nil || ok && f == nil {
		panic(fmt.Sprintf("%s: %s of a nil task", pkg, call))
	}
}

// CheckKey panics when key cannot be one, naming the package. A key goes into a map: one that
// cannot be compared would panic there, and a NaN would never be found again.
func CheckKey(pkg string, key any) {
	if key == nil || !reflect.ValueOf(key).Comparable() {
		panic(fmt.Sprintf("%s: Key of a %T: it cannot be compared", pkg, key))
	}
	if _, found := (map[any]struct{}{key: {}})[key]; !found { // a NaN, or what holds one
		panic(fmt.Sprintf("%s: Key of a %T that does not equal itself: %v", pkg, key, key))
	}
}
