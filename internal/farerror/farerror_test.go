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
