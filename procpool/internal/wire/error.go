package wire

import (
	"errors"
	"fmt"

	"github.com/quartet-go/quartet/internal/farerror"
)

// A worker that ends with one of these errors says so on standard error, or in a RESULT. Both
// processes import this package, so both know the names.
func init() {
	farerror.Register("procpool", "procpool.ErrProtocol", ErrProtocol)
	farerror.Register("procpool", "procpool.ErrMismatch", ErrMismatch)
}

// EncodeError returns err for the wire. cause is what the far side cancelled with, or nil. It calls
// methods of the user's types, so no lock may be held. The result is below farerror.MaxSize, so it
// fits into any Config.MaxFrame (MinMaxFrame), and needs no check of its own.
func EncodeError(err, cause error) []byte { return farerror.Encode(err, cause) }

// DecodeError is the far side of EncodeError. No lock may be held. An error that is garbled is the
// other side's breach of the protocol. It becomes the error of the call, and the worker lives on:
// one call is all that the frame was about.
func DecodeError(data []byte, cause error) error {
	err := farerror.Decode(data, cause)
	if errors.Is(err, farerror.ErrGarbled) {
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	return err
}
