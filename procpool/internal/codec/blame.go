package codec

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/quartet-go/quartet"
)

var (
	errBytes = errors.New("it is bytes in an any, which JSON would make a text of: give the field a type, or the far side base64")
	errUTF8  = errors.New("it is a string that is not UTF-8, and JSON would change it: send a []byte")
)

// blame finds the first part of v that JSON cannot carry unchanged, and names its place.
func blame(v reflect.Value, left int) error {
	if !v.IsValid() || left == 0 {
		return nil
	}
	t := v.Type()
	if k := v.Kind(); k != reflect.Interface && k != reflect.Pointer &&
		(both(t, jsonOut, jsonIn) || both(t, textOut, textIn)) {
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		if !utf8.ValidString(v.String()) {
			return errUTF8
		}
	case reflect.Float32, reflect.Float64:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("it is %v, which JSON cannot carry", f)
		}
	case reflect.Interface:
		return blameDynamic(v.Elem(), left-1)
	case reflect.Pointer:
		return blame(v.Elem(), left-1)
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return nil
		}
		for i := range v.Len() {
			if err := blame(v.Index(i), left-1); err != nil {
				return at(index(i), err)
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if err := blame(it.Key(), left-1); err != nil {
				return at("[key]", err)
			}
			if err := blame(it.Value(), left-1); err != nil {
				return at(fmt.Sprintf("[%v]", it.Key()), err)
			}
		}
	case reflect.Struct:
		return blameFields(v, left-1)
	}
	return nil
}

func blameFields(v reflect.Value, left int) error {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if (!f.IsExported() && !f.Anonymous) || strings.Split(f.Tag.Get("json"), ",")[0] == "-" {
			continue
		}
		if err := blame(v.Field(i), left); err != nil {
			return at("."+f.Name, err)
		}
	}
	return nil
}

var dynamicTypes sync.Map // reflect.Type → error, or nil: whether an any may hold it

// blameDynamic is blame for what an any holds, whose type nobody has checked.
func blameDynamic(v reflect.Value, left int) error {
	if !v.IsValid() {
		return nil
	}
	t := v.Type()
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 && !both(t, jsonOut, jsonIn) {
		return errBytes
	}
	known, ok := dynamicTypes.Load(t)
	if !ok {
		_, err := quartet.JSON{}.Append(nil, reflect.Zero(t).Interface())
		known, _ = dynamicTypes.LoadOrStore(t, struct{ error }{err})
	}
	if err := known.(struct{ error }).error; err != nil {
		return err
	}
	return blame(v, left)
}
