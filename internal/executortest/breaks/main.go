// Breaks checks the conformance suite itself: it breaks each sentence of the contract once, in a
// scratch copy of the module, and shows the test that catches it.
//
//	go run ./internal/executortest/breaks [-run regexp] [-list] [-j 2] [-v]
//
// It exits with 1 when a break is not caught, does not build, or no longer applies.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"
)

// edit replaces old, which must be in file exactly once, by new.
type edit struct{ file, old, new string }

// broken is one planted break.
type broken struct {
	clause string // "C6"
	what   string
	edits  []edit

	pkg  string // what to test; default: the suite
	run  string // default: the clause's tests against the pool
	race bool
	time string // -timeout of the test; default: 60s
}

func (b broken) String() string { return fmt.Sprintf("%-3s  %s", b.clause, b.what) }

func breaks() []broken {
	var all []broken
	for _, table := range [][]broken{poolBreaks, intakeBreaks, stopBreaks, rootBreaks, taskBreaks, inlineBreaks, loopBreaks} {
		all = append(all, table...)
	}
	return all
}

func main() {
	pattern := flag.String("run", "", "plant only the breaks whose line matches this regexp")
	list := flag.Bool("list", false, "list the breaks, plant none")
	jobs := flag.Int("j", 2, "how many breaks to try at once")
	verbose := flag.Bool("v", false, "print the output of the tests")
	flag.Parse()
	re, err := regexp.Compile(*pattern)
	if err != nil {
		fatal(err)
	}
	var chosen []broken
	for _, b := range breaks() {
		if re.MatchString(b.String()) {
			chosen = append(chosen, b)
		}
	}
	if *list {
		for _, b := range chosen {
			fmt.Println(b)
		}
		return
	}
	if !try(chosen, max(*jobs, 1), *verbose) {
		os.Exit(1)
	}
}

// try plants every break, each in a copy of the worker's own, and reports whether all were caught.
func try(chosen []broken, jobs int, verbose bool) (ok bool) {
	root, err := moduleRoot()
	if err != nil {
		fatal(err)
	}
	scratch, err := os.MkdirTemp("", "quartet-breaks-")
	if err != nil {
		fatal(err)
	}
	defer os.RemoveAll(scratch)
	copies := make([]string, jobs)
	for i := range copies {
		copies[i] = filepath.Join(scratch, fmt.Sprint(i))
		if err := copyModule(copies[i], root); err != nil {
			fatal(err)
		}
	}
	begun := time.Now()
	if out, green := unbroken(copies[0], chosen); !green {
		fmt.Printf("The unbroken copy is not green:\n%s", out)
		return false
	}
	fmt.Printf("unbroken: green (%.0fs)\n", time.Since(begun).Seconds())

	todo := make(chan broken)
	results := make(chan result)
	var workers sync.WaitGroup
	for _, dir := range copies {
		workers.Go(func() {
			for b := range todo {
				results <- plant(dir, b)
			}
		})
	}
	go func() {
		for _, b := range chosen {
			todo <- b
		}
		close(todo)
		workers.Wait()
		close(results)
	}()
	caught := 0
	for r := range results {
		fmt.Printf("%-88s  %s (%.0fs)\n", r.broken, r.verdict, r.took.Seconds())
		if verbose || r.err {
			fmt.Println(r.output)
		}
		if r.caught {
			caught++
		}
	}
	fmt.Printf("%d of %d breaks caught in %.0fs\n", caught, len(chosen), time.Since(begun).Seconds())
	return caught == len(chosen)
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "breaks:", err)
	os.Exit(1)
}
