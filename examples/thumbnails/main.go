// Thumbnails makes small pictures of large ones: one function, on three models, by one changed
// line.
//
//	16 pictures of 1200 by 800, on 2 cores
//	inline            0.53s   1.0 ×
//	worker pool       0.27s   2.0 ×
//	process pool      0.29s   1.8 ×
//	3 times the same 16 thumbnails
//
// The work is the processor's alone, so the pools are as many times faster as there are cores, but
// for the copies to the processes and back: here names of files, and sizes. What a picture that
// crashes the decoder costs is in sandbox.
package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
	"github.com/quartet-go/quartet/workerpool"
)

const (
	width, height = 1200, 800 // of a picture
	small         = 10        // times smaller
)

// thumbnail reads the picture at path, writes a small one beside it, and returns that one's path.
var thumbnail = quartet.Define("thumbnails.thumbnail", func(_ context.Context, path string) (string, error) {
	in, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer in.Close()
	picture, err := jpeg.Decode(in)
	if err != nil {
		return "", err
	}
	out, err := os.Create(path + ".small")
	if err != nil {
		return "", err
	}
	defer out.Close()
	return out.Name(), jpeg.Encode(out, shrink(picture), nil)
})

func main() {
	procpool.Init() // a worker is this program, started again
	if err := run(context.Background(), os.Stdout, 16); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer, n int) error {
	dir, err := os.MkdirTemp("", "thumbnails")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	pictures, err := paint(dir, n)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%d pictures of %d by %d, on %d cores\n", n, width, height, runtime.GOMAXPROCS(0))
	var inline time.Duration
	sums := map[[sha256.Size]byte]int{}
	for i, ex := range []quartet.Executor{
		quartet.Inline(),
		workerpool.New(workerpool.Config{}),
		must(procpool.New(procpool.Config{})),
	} {
		began, sum := time.Now(), sha256.New()
		for path, err := range thumbnail.Map(ctx, ex, slices.Values(pictures)) {
			if err != nil {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			sum.Write(data)
		}
		took := time.Since(began)
		if i == 0 {
			inline = took
		}
		sums[[sha256.Size]byte(sum.Sum(nil))]++
		fmt.Fprintf(w, "%-15s %6.2fs %5.1f ×\n", []string{"inline", "worker pool", "process pool"}[i], took.Seconds(),
			inline.Seconds()/took.Seconds())
		if err := ex.Close(); err != nil {
			return err
		}
	}
	for _, times := range sums {
		fmt.Fprintf(w, "%d times the same %d thumbnails\n", times, n)
	}
	return nil
}

func must(ex quartet.Executor, err error) quartet.Executor {
	if err != nil {
		panic(err)
	}
	return ex
}

// shrink makes each pixel the mean of a square.
func shrink(in image.Image) image.Image {
	b := in.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx()/small, b.Dy()/small))
	for y := range b.Dy() / small {
		for x := range b.Dx() / small {
			var sum [3]uint32
			for i := range small * small {
				r, g, b, _ := in.At(b.Min.X+x*small+i%small, b.Min.Y+y*small+i/small).RGBA()
				sum[0], sum[1], sum[2] = sum[0]+r>>8, sum[1]+g>>8, sum[2]+b>>8
			}
			out.SetRGBA(x, y,
				color.RGBA{
					uint8(sum[0] / small / small), uint8(sum[1] / small / small), uint8(sum[2] / small / small),
					255,
				})
		}
	}
	return out
}

// paint writes n pictures, and returns their paths.
func paint(dir string, n int) (paths []string, err error) {
	for i := range n {
		picture := image.NewRGBA(image.Rect(0, 0, width, height))
		for y := range height {
			for x := range width {
				picture.SetRGBA(x, y, color.RGBA{uint8(x ^ y), uint8(x * (i + 1) >> 3), uint8(y * (i + 2) >> 2), 255})
			}
		}
		out, err := os.Create(filepath.Join(dir, fmt.Sprintf("%02d.jpeg", i)))
		if err != nil {
			return nil, err
		}
		if err := jpeg.Encode(out, picture, nil); err != nil {
			return nil, err
		}
		if err := out.Close(); err != nil {
			return nil, err
		}
		paths = append(paths, out.Name())
	}
	return paths, nil
}
