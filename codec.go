package quartet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
)

// Codec turns the inputs and outputs of named functions into bytes and back. Its methods may be called from many
// goroutines at once.
type Codec interface {
	// Append appends v's encoding to dst.
	Append(dst []byte, v any) ([]byte, error)
	// Decode reads all of data into the value that p points to.
	Decode(data []byte, p any) error
}

// JSON is the Codec that other languages read: encoding/json.
type JSON struct{}

// Append appends v as JSON. It refuses types that JSON cannot carry, which [Define] accepts because another codec can.
func (JSON) Append(dst []byte, v any) ([]byte, error) {
	if err := checkJSON(reflect.TypeOf(v)); err != nil {
		return dst, err
	}
	data, err := json.Marshal(v)
	return append(dst, data...), err
}

// Decode reads one JSON value. Fields that p's type does not have are an error, since they would be lost.
func (JSON) Decode(data []byte, p any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("quartet: the JSON value ends at byte %d, but more follows", d.InputOffset())
	}
	return nil
}
