package executortest_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quartet-go/quartet/eventloop"
	"github.com/quartet-go/quartet/gil"
	"github.com/quartet-go/quartet/procpool"
	"github.com/quartet-go/quartet/workerpool"
)

// newBy makes and closes an executor of a Config, and returns what New said against it.
var newBy = map[string]func(cfg reflect.Value) any{
	"workerpool": func(cfg reflect.Value) any {
		return panicOf(func() { workerpool.New(cfg.Interface().(workerpool.Config)).Close() })
	},
	"eventloop": func(cfg reflect.Value) any {
		return panicOf(func() { eventloop.New(cfg.Interface().(eventloop.Config)).Close() })
	},
	"gil": func(cfg reflect.Value) any { return panicOf(func() { gil.New(cfg.Interface().(gil.Config)).Close() }) },
	"procpool": func(cfg reflect.Value) any {
		p, err := procpool.New(cfg.Interface().(procpool.Config))
		if err != nil {
			return err.Error()
		}
		p.Close()
		return nil
	},
}

var configs = map[string]reflect.Type{
	"workerpool": reflect.TypeFor[workerpool.Config](),
	"eventloop":  reflect.TypeFor[eventloop.Config](),
	"gil":        reflect.TypeFor[gil.Config](),
	"procpool":   reflect.TypeFor[procpool.Config](),
}

func panicOf(fn func()) (v any) {
	defer func() { v = recover() }()
	fn()
	return nil
}

// bounded calls fn for each number or duration of a Config that may not be negative, in the order
// of the fields.
func bounded(t reflect.Type, at []int, prefix string, fn func(name string, index []int)) {
	for i := range t.NumField() {
		f, index := t.Field(i), append(append([]int(nil), at...), i)
		switch f.Type.Kind() {
		case reflect.Int, reflect.Int64:
			if f.Name != "HangTimeout" { // negative: never
				fn(prefix+f.Name, index)
			}
		case reflect.Struct:
			if f.Type.Name() == "ConnConfig" {
				bounded(f.Type, index, prefix+f.Name+".", fn)
			}
		}
	}
}

// Every number and every duration is checked, by name (-1 is workerpool.NoQueue); of several wrong
// ones the same is named each time.
func TestConfigsAreChecked(t *testing.T) {
	for name, typ := range configs {
		var all []string
		everything := reflect.New(typ).Elem()
		bounded(typ, nil, "", func(field string, index []int) {
			cfg := reflect.New(typ).Elem()
			cfg.FieldByIndex(index).SetInt(-2)
			got := newBy[name](cfg)
			require.Contains(t, fmt.Sprint(got), name+": Config."+field+" is negative: -2", "%s: %s", name, field)
			everything.FieldByIndex(index).SetInt(-2)
			all = append(all, field)
		})
		require.NotEmpty(t, all)
		first := newBy[name](everything)
		require.Contains(t, fmt.Sprint(first), "Config."+all[0]+" ", "the first field")
		for range 20 {
			require.Equal(t, first, newBy[name](everything))
		}
	}
}

// No duration and no size in bytes passes through an int, which ends at 2.1 s and 2 GiB where it
// has 32 bits.
func TestConfigsTakeLongDurations(t *testing.T) {
	for name, typ := range configs {
		for _, v := range []int64{1 << 31, 3 << 30, 1 << 32, int64(365 * 24 * time.Hour)} {
			cfg := reflect.New(typ).Elem()
			n := 0
			bounded(typ, nil, "", func(_ string, index []int) {
				if f := cfg.FieldByIndex(index); f.Kind() == reflect.Int64 {
					f.SetInt(v)
					n++
				}
			})
			require.Positive(t, n)
			if got := newBy[name](cfg); got != nil {
				require.NotContains(t, fmt.Sprint(got), "Config.", "%s: %d", name, v)
			}
		}
	}
}
