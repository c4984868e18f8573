// Breaks checks the tests themselves: it plants one bug at a time in an overlay of the module's
// files, and shows the test that catches it. Nearly all bugs are in one build of the tests, which
// plants one of them for each run.
//
//	go run ./internal/executortest/breaks [-run regexp] [-list] [-j 2] [-v] [-results file]
//		[-bare]
//
// First run what a break names: a few tests of one package. If they pass, all tests of the changed
// packages and the suite are tried. It exits with 1 when a break survives, does not build, or no
// longer applies. With -results each verdict is appended to a file, and a break that is in there
// already is not planted again.
package main

import (
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// broken is one planted break.
type broken struct {
	clause string // "C6"
	what   string
	edits  []edit

	pkg  string // what to test; default: the suite
	run  string // default: the clause's tests against the pool
	race bool
	// alone: the break is no variant beside others in one build, since the tests look at what the
	// compiler makes of it. Those with race are alone too.
	alone bool
	time  string // -timeout of the test; default: 60s
}

func (b broken) String() string { return fmt.Sprintf("%-4s %s", b.clause, b.what) }

func breaks() []broken {
	var all []broken
	for _, table := range [][]broken{
		poolBreaks, intakeBreaks, stopBreaks, rootBreaks, taskBreaks, inlineBreaks,
		loopBreaks, wrapperBreaks, errorBreaks, partBreaks, lateBreaks, callBreaks, costBreaks, procBreaks,
		procRaceBreaks,
	} {
		all = append(all, table...)
	}
	return all
}

// key changes with the break and with the tests that it names.
func (b broken) key() string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%#v", b)
	return fmt.Sprintf("%016x", h.Sum64())
}

func main() {
	pattern := flag.String("run", "", "plant only the breaks whose line matches this regexp")
	list := flag.Bool("list", false, "list the breaks, plant none")
	jobs := flag.Int("j", 2, "how many breaks to try at once")
	verbose := flag.Bool("v", false, "print the output of the tests")
	path := flag.String("results", "", "append the verdicts to this file, and skip the breaks that it has")
	bare := flag.Bool("bare", false, "do not test the unbroken module first")
	flag.Parse()
	re, err := regexp.Compile(*pattern)
	if err != nil {
		fatal(err)
	}
	chosen := slices.DeleteFunc(breaks(), func(b broken) bool { return !re.MatchString(b.String()) })
	if *list {
		for _, b := range chosen {
			fmt.Println(b)
		}
		return
	}
	root, err := moduleRoot()
	if err != nil {
		fatal(err)
	}
	chosen, kept, err := resume(*path, chosen)
	if err != nil {
		fatal(err)
	}
	defer kept.Close()
	dir, err := os.MkdirTemp("", "quartet-breaks-")
	if err != nil {
		fatal(err)
	}
	defer os.RemoveAll(dir)
	b, err := open(root, dir, chosen)
	if err != nil {
		fatal(err)
	}
	fmt.Printf("%d breaks, %d of them in one build\n", len(chosen), len(b.numbers))
	if !*bare {
		b.unbroken(chosen)
	}
	if !b.tryAll(chosen, max(*jobs, 1), *verbose, kept) {
		defer os.Exit(1)
	}
}

// unbroken tests what the breaks test, in the same ways, without any break.
func (b *bench) unbroken(chosen []broken) {
	tried := map[trial]bool{}
	for _, c := range chosen {
		if t := c.narrow(); !tried[t] {
			tried[t] = true
			if out, err := b.test(b.overlay, 0, t); err != nil {
				fatal(fmt.Errorf("without a break, %v is not green:\n%s", t, out))
			}
		}
	}
}

// resume opens the file of results, which may be none, and drops the breaks that it has.
func resume(path string, chosen []broken) ([]broken, *os.File, error) {
	if path == "" {
		return chosen, nil, nil
	}
	done, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, nil, err
	}
	chosen = slices.DeleteFunc(chosen, func(b broken) bool { return strings.Contains(string(done), b.key()) })
	kept, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	return chosen, kept, err
}

// tryAll plants every break and reports whether all were caught.
func (b *bench) tryAll(chosen []broken, jobs int, verbose bool, kept *os.File) (ok bool) {
	begun := time.Now()
	todo := make(chan broken)
	results := make(chan result)
	var workers sync.WaitGroup
	for range jobs {
		workers.Go(func() {
			for c := range todo {
				results <- b.plant(c)
			}
		})
	}
	inOneBuild := func(c broken) bool { return b.numbers[c.key()] > 0 }
	go func() {
		for _, first := range []bool{true, false} { // those with a build of their own take longer
			for _, c := range chosen {
				if inOneBuild(c) == first {
					todo <- c
				}
			}
		}
		close(todo)
		workers.Wait()
		close(results)
	}()
	count := map[verdict]int{}
	for r := range results {
		count[r.verdict]++
		fmt.Println(r)
		if verbose || r.verdict == spoiled {
			fmt.Println(r.output)
		}
		if kept != nil {
			fmt.Fprintf(kept, "%s %v\n", r.key(), r)
		}
	}
	fmt.Printf("%d breaks: %d caught, %d of them by a hang; %d survive, %d errors (%.0fs)\n", len(chosen),
		count[caught]+count[hung], count[hung], count[survives], count[spoiled], time.Since(begun).Seconds())
	return count[caught]+count[hung] == len(chosen)
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "breaks:", err)
	os.Exit(1)
}
