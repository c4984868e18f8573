package wire

import (
	"errors"
	"fmt"

	"github.com/quartet-go/quartet/internal/farerror"
)

// Errors of both sides; procpool exports them.
var (
	ErrProtocol = errors.New("procpool: protocol error")
	ErrMismatch = errors.New("procpool: worker does not match this program")
)

const (
	MaxHello   = 16 << 20  // bounds the body of a HELLO
	Fragment   = 256 << 10 // longer bodies travel in pieces, so that urgent frames pass
	FirstPiece = 4 << 10   // of a body in pieces: it says how much follows
)

// MinMaxFrame leaves room for every error.
const MinMaxFrame = farerror.MaxSize

func TooLarge(name string, size, limit int) error {
	return fmt.Errorf("procpool: the input of %q is %d bytes, beyond Config.MaxFrame (%d)", name, size, limit)
}
