package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHelloIsChecked(t *testing.T) {
	pool := Greeting{Magic: Magic, Version: Version, Nonce: "n", Codec: "json", Fingerprint: "abc"}
	require.NoError(t, pool.Check(pool, true))
	other := pool
	other.Fingerprint = "abd"
	require.ErrorIs(t, other.Check(pool, true), ErrMismatch)
	require.NoError(t, other.Check(pool, false), "another program")
	other = pool
	other.Version = 2
	require.ErrorIs(t, other.Check(pool, false), ErrMismatch)
	_, err := ParseMarker("2:n:1:3:4:6")
	require.ErrorIs(t, err, ErrMismatch)
	m, err := ParseMarker(Marker{"n", 1, 3, 4, 6}.String())
	require.NoError(t, err)
	require.Equal(t, Marker{"n", 1, 3, 4, 6}, m)
}
