// Pyworker calls a Python function from Go, in a pool of warm Python processes; nothing but python3
// has to be installed:
//
//	worker 0 says: model loaded
//	"a great day": 2 in 3 words
//	"good and bad": 0 in 3 words
//	"": ValueError: an empty text has no score
//	"segfault": its worker has died: aborted
//	worker 0 says: model loaded
//	"an awful end": -2 in 3 words
//	2000 words in a batch
//
// An exception is an error, with Python's own traceback; a crash costs one call, and the worker is
// replaced.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/procpool"
)

//go:embed model.py
var model []byte

// Rating is what the function in Python returns, as a dict.
type Rating struct{ Score, Words int }

// score lives in model.py.
var score = quartet.Declare[string, Rating]("pyworker.score")

func main() {
	err := run(context.Background(), os.Stdout)
	if errors.Is(err, exec.ErrNotFound) {
		fmt.Println("skipped: there is no python3 here")
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer) error {
	if _, err := exec.LookPath("python3"); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "pyworker")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	script := filepath.Join(dir, "model.py")
	if err := os.WriteFile(script, model, 0o600); err != nil {
		return err
	}

	cfg := procpool.Python(script)
	cfg.Workers = 1
	cfg.OnOutput = func(l procpool.Line) {
		if !l.Stderr {
			fmt.Fprintf(w, "worker %d says: %s\n", l.Lane, l.Text)
		}
	}
	pool, err := procpool.New(cfg)
	if err != nil {
		return err
	}
	defer pool.Close()
	for _, text := range []string{"a great day", "good and bad", "", "segfault", "an awful end"} {
		rating, err := score.Do(ctx, pool, text)
		fmt.Fprintf(w, "%q: %s\n", text, outcome(rating, err))
	}

	// A batch is a Map: its calls are in flight together, its results in order.
	var words int
	for rating, err := range score.Map(ctx, pool, slices.Values(slices.Repeat([]string{"so good"}, 1000))) {
		if err != nil {
			return err
		}
		words += rating.Words
	}
	fmt.Fprintln(w, words, "words in a batch")
	return pool.Shutdown(ctx)
}

// outcome describes how a call ended.
func outcome(rating Rating, err error) string {
	if raised, ok := errors.AsType[*procpool.ForeignError](err); ok {
		return raised.Type + ": " + raised.Message
	}
	if lost, ok := errors.AsType[*procpool.WorkerLostError](err); ok {
		return "its worker has died: " + lost.Signal
	}
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d in %d words", rating.Score, rating.Words)
}
