package functions

import "context"

// Streaming is a Function whose result may be a sequence that travels item by item.
type Streaming interface {
	Function
	// Streams reports whether it is.
	Streams() bool
	// Stream runs the function and hands over its items, encoded by c, in order. An error in an
	// item's place is handed over without one. It returns emit's error, or else the function's own.
	Stream(ctx context.Context, c Codec, input []byte, emit func(item []byte, err error) error) error
	// RecodeItem is RecodeOutput for an item.
	RecodeItem(dst []byte, to Codec, data []byte, from Codec) ([]byte, error)
}

// Streams reports whether the function of that name does.
func Streams(name string) (Streaming, bool) {
	f, ok := Lookup(name).(Streaming)
	return f, ok && f.Streams()
}

// Reader is a call whose result is a sequence, as executors in other processes see it.
type Reader interface {
	// Receive takes the next item, encoded by c, or the error in its place. It does not block, and
	// is not called after the call has ended.
	Receive(item []byte, c Codec, err error)
	// OnTaken sets what is told how many more items have been taken. It is called before the first
	// item is received.
	OnTaken(told func(n int))
}
