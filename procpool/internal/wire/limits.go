package wire

import (
	"errors"
	"fmt"

	"github.com/quartet-go/quartet/internal/farerror"
)

// Errors of both sides; procpool exports them.
var (
	// They are declared here, and not in procpool, because the worker's side returns them too, and
	// procpool imports the worker's side.
	ErrProtocol = errors.New("procpool: protocol error")
	ErrMismatch = errors.New("procpool: worker does not match this program")
)

const (
	// A worker learns Config.MaxFrame from the hello, which needs a bound before that. Fragment is
	// also the longest body of a RESULT that a worker writes without cutting it. FirstPiece is
	// small, because the sender copies that piece behind its header.
	MaxHello   = 16 << 20  // bounds the body of a HELLO
	Fragment   = 256 << 10 // longer bodies travel in pieces, so that urgent frames pass
	FirstPiece = 4 << 10   // of a body in pieces: it says how much follows
)

// MinMaxFrame leaves room for every error. A worker answers a result that is too large with an
// error: that error must not be too large itself.
const MinMaxFrame = farerror.MaxSize

// TooLarge is the error of a call whose input the pool, or a worker whose task makes a call,
// refuses to send. It is raised on the submitter's goroutine, before anything is queued, so the
// other side never sees such a frame.
func TooLarge(name string, size, limit int) error {
	return fmt.Errorf("procpool: the input of %q is %d bytes, beyond Config.MaxFrame (%d)", name, size, limit)
}
