package codec

import (
	"bytes"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// within reports whether part lies in whole.
func within(whole, part []byte) bool {
	begin, at := uintptr(unsafe.Pointer(unsafe.SliceData(whole))), uintptr(unsafe.Pointer(unsafe.SliceData(part)))
	return at >= begin && at < begin+uintptr(len(whole))
}

// A string or slice of bytes that takes most of a lent body is no copy. A small value never keeps a
// large body alive.
func TestLargeValuesAreNotCopied(t *testing.T) {
	type named []byte
	type mixed struct {
		Small string
		Large named
	}
	large := bytes.Repeat([]byte("large"), 1000)
	for _, lent := range []bool{false, true} {
		decode := func(v, to any) []byte {
			body, err := compact{}.Append([]byte{}, v)
			require.NoError(t, err)
			body = bytes.Clone(body)
			require.NoError(t, Of(Compact, false, lent).Decode(body, to))
			return body
		}
		var b []byte
		require.Equal(t, lent, within(decode(large, &b), b))
		require.Equal(t, large, b)
		var s string
		require.Equal(t, lent, within(decode(string(large), &s), bytesOf(s)))
		require.Equal(t, string(large), s)
		var m mixed
		body := decode(mixed{"small", large}, &m)
		require.Equal(t, mixed{"small", large}, m)
		require.Equal(t, lent, within(body, m.Large))
		require.False(t, within(body, bytesOf(m.Small)))
		require.Equal(t, len(m.Large), cap(m.Large), "an append leaves the body alone")
		var self sealed
		decode(sealed{string(large)}, &self)
		require.Equal(t, string(large), self.secret)
		require.False(t, within(decode("short", &s), bytesOf(s)))
	}
}

// A large string is not copied before it is sent: nobody can change it.
func TestLargeStringIsLent(t *testing.T) {
	large := strings.Repeat("large", 1000)
	var small [24]byte
	body, err := Of(Compact, true, false).Append(small[:0], large)
	require.NoError(t, err)
	require.True(t, within(bytesOf(large), body))
	require.Equal(t, len(body), cap(body), "an append copies it")
	body, err = Of(Compact, true, false).Append([]byte("before"), large)
	require.NoError(t, err)
	require.Equal(t, "before"+large, string(body))
	body, err = Of(Compact, true, false).Append(small[:0], "short")
	require.NoError(t, err)
	require.True(t, within(small[:], body))
}
