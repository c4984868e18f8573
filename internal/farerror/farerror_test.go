package farerror

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/quartet-go/quartet"
	"github.com/stretchr/testify/require"
)

func TestErrorsAreClipped(t *testing.T) {
	huge := strings.Repeat("\x00", 10<<20)
	err := error(&quartet.PanicError{Value: errors.New(huge), Stack: []byte(huge)})
	require.Less(t, len(Encode(fmt.Errorf("%s %w", huge, err), nil)), MaxSize)
}

// endless unwraps to itself.
type endless struct{}

func (endless) Error() string   { return "no end" }
func (e endless) Unwrap() error { return e }

func TestAnErrorWithoutEndTravels(t *testing.T) {
	err := Decode(Encode(fmt.Errorf("outer: %w", endless{}), nil), nil)
	require.EqualError(t, err, "outer: no end")
}
