package wire

import (
	"errors"
	"fmt"

	"github.com/quartet-go/quartet/internal/farerror"
)

func init() {
	farerror.Register("procpool", "procpool.ErrProtocol", ErrProtocol)
	farerror.Register("procpool", "procpool.ErrMismatch", ErrMismatch)
}

// EncodeError returns err for the wire. cause is what the far side cancelled with, or nil. It calls
// methods of the user's types, so no lock may be held.
func EncodeError(err, cause error) []byte { return farerror.Encode(err, cause) }

// DecodeError is the far side of EncodeError. No lock may be held.
func DecodeError(data []byte, cause error) error {
	err := farerror.Decode(data, cause)
	if errors.Is(err, farerror.ErrGarbled) {
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	return err
}
