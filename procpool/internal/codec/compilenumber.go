package codec

import (
	"encoding/binary"
	"math"
	"reflect"
)

// number is a form of fixed meaning for a group of kinds.
//
// put and cut are each other's reverse. cut returns how many bytes it has used, and 0 or less where
// the bytes are cut, or stand for no V, as encoding/binary does. set reports false where the value
// does not fit into the kind, which no honest encoder writes: both sides have one type.
//
// set stores x in v even where it reports false. That is harmless: the decoding fails, and nobody
// uses v.
func number[V any](get func(reflect.Value) V, set func(reflect.Value, V) bool, put func([]byte, V) []byte,
	cut func([]byte) (V, int),
) form {
	return form{
		least: 1,
		encode: func(e *encoder, v reflect.Value, _ int) error {
			e.buf = put(e.buf, get(v))
			return nil
		},
		decode: func(d *decoder, v reflect.Value, _ int) error {
			x, n := cut(d.data)
			if n <= 0 || !set(v, x) {
				return errCut
			}
			d.data = d.data[n:]
			return nil
		},
	}
}

// setBool sets a bool, which always fits.
func setBool(v reflect.Value, x bool) bool { v.SetBool(x); return true }

// A byte other than 0 and 1 is refused by cutBool: one value has one encoding.
func putBool(b []byte, x bool) []byte {
	if x {
		return append(b, 1)
	}
	return append(b, 0)
}

func cutBool(b []byte) (bool, int) {
	if len(b) == 0 || b[0] > 1 {
		return false, 0
	}
	return b[0] == 1, 1
}

// setInt reports false when x is beyond the type. SetInt cuts a value that is too large, so it is
// read back. An int that is 8 bytes long on both sides loses nothing: GOARCH is in the fingerprint.
func setInt(v reflect.Value, x int64) bool { v.SetInt(x); return v.Int() == x }

// SetUint cuts likewise.
func setUint(v reflect.Value, x uint64) bool { v.SetUint(x); return v.Uint() == x }

// A float32 was widened exactly, so nothing is lost.
func setFloat(v reflect.Value, x float64) bool { v.SetFloat(x); return true }

// Bits travel, and not a number in decimal: NaN, infinities and -0 travel, too. The payload of a
// NaN may change where the processor turns a signalling NaN into a quiet one on the way through
// float64. Nobody relies on it.
func putFloat32(b []byte, x float64) []byte {
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(x)))
}

// Little endian on every machine, whatever its own order.
func cutFloat32(b []byte) (float64, int) {
	if len(b) < 4 {
		return 0, 0
	}
	return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))), 4
}

func putFloat64(b []byte, x float64) []byte {
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
}

func cutFloat64(b []byte) (float64, int) {
	if len(b) < 8 {
		return 0, 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b)), 8
}
