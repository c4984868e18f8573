package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/quartet-go/quartet/examples/compare/internal/chart"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/examples/compare/internal/workload"
)

// pictureWidth is that of a page on a desk, in pixels.
const pictureWidth = 760

type picture struct{ name, svg string }

// pictures are those that there are figures for.
func pictures(r *result.Report) (all []picture) {
	if t, ok := r.Table("mixed"); ok {
		all = append(all, picture{"mixed-latency.svg", chart.Latencies(t, pictureWidth)})
	}
	if len(r.Lanes) > 0 {
		all = append(all, picture{"mixed.svg", chart.Lanes(r.Lanes, workload.Heavy, workload.Ping, pictureWidth)})
	}
	if t, ok := r.Table("wait"); ok {
		all = append(all, picture{"wait.svg", chart.Throughput(t, pictureWidth)})
	}
	if t, ok := r.Table("crunch"); ok {
		all = append(all, picture{"crunch.svg", chart.SpeedUp(t, pictureWidth)})
	}
	if t, ok := r.Table("chat"); ok {
		all = append(all, picture{"chat.svg", chart.Latencies(t, pictureWidth)})
	}
	return all
}

// savePictures writes the pictures to a directory, which it makes; nothing if that has no name.
func savePictures(dir string, r *result.Report) error {
	if dir == "" {
		return nil
	}
	err := os.MkdirAll(dir, 0o755)
	for _, p := range pictures(r) {
		err = errors.Join(err, save(filepath.Join(dir, p.name), func(w io.Writer) error {
			_, err := io.WriteString(w, p.svg)
			return err
		}))
	}
	return err
}
