package printable

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestText(t *testing.T) {
	for _, c := range []struct{ text, kept, want string }{
		{"plain, ünïcode", "", "plain, ünïcode"},
		{"\x1b[31mred\x07", "", "\ufffd[31mred\ufffd"},
		{"a\tb", "", "a\ufffdb"},
		{"a\tb\x1b", "\t", "a\tb\ufffd"},
		{"two\nlines\r", "\t", "two\ufffdlines\ufffd"},
		{"turned \u202e round", "", "turned \ufffd round"},
		{"no UTF-8 \xff\xfe.", "", "no UTF-8 \ufffd."},
	} {
		require.Equal(t, c.want, Text(c.text, c.kept), "%q", c.text)
	}
	require.Zero(t, testing.AllocsPerRun(100, func() { Text("a harmless line", "\t") }))
}
