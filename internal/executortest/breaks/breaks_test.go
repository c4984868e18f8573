package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A break whose text the code no longer has is no break: it is to be mended with the code.
func TestEveryBreakApplies(t *testing.T) {
	root, err := moduleRoot()
	require.NoError(t, err)
	for _, b := range breaks() {
		for _, e := range b.edits {
			code, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(e.file)))
			require.NoError(t, err)
			assert.Equal(t, 1, strings.Count(string(code), e.old), "%v: %s: %q", b, e.file, e.old)
		}
	}
}
