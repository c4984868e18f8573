package main

import (
	"image/jpeg"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/procpool"
)

func TestMain(m *testing.M) {
	procpool.Init()
	goleak.VerifyTestMain(m)
}

func TestEveryModelMakesTheSameThumbnails(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out, 3))
	require.Contains(t, out.String(), "\n3 times the same 3 thumbnails\n")
	require.Equal(t, 1, strings.Count(out.String(), " times the same "), out.String())
}

func TestAThumbnailIsTheSmallPicture(t *testing.T) {
	paths, err := paint(t.TempDir(), 1)
	require.NoError(t, err)
	path, err := thumbnail.Local(t.Context(), paths[0])
	require.NoError(t, err)
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	picture, err := jpeg.Decode(file)
	require.NoError(t, err)
	require.Equal(t, width/small, picture.Bounds().Dx())
	require.Equal(t, height/small, picture.Bounds().Dy())
}

func TestWhatIsNoPictureIsAnError(t *testing.T) {
	path := t.TempDir() + "/text"
	require.NoError(t, os.WriteFile(path, []byte("not a picture"), 0o600))
	_, err := thumbnail.Local(t.Context(), path)
	require.ErrorContains(t, err, "JPEG")
}
