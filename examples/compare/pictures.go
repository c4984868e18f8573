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

var fileNames = map[string]string{
	"mixed": "mixed-latency.svg", "wait": "wait.svg", "crunch": "crunch.svg",
	"chat": "chat.svg",
}

type picture struct{ name, svg string }

// pictures are those that there are figures for.
func pictures(r *result.Report) (all []picture) {
	for _, t := range r.Tables {
		if svg, ok := chart.Of(t, pictureWidth, t.Finding()); ok {
			all = append(all, picture{fileNames[t.Name], svg})
		}
	}
	if len(r.Lanes) > 0 {
		all = append(all, picture{"mixed.svg", chart.Lanes(r.Lanes, workload.Heavy, workload.Ping, pictureWidth)})
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
