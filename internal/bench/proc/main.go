// Proc compares the process pool with those of Python and Node: all contenders in turn within each round, medians of the
// rounds, and the ratio of our time to theirs. A runtime that is not installed is left out, by name.
//
//	cd internal/bench && go run ./proc [-rounds 5] [-only regexp]
package main

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quartet-go/quartet/procpool"
)

var (
	//go:embed peers.py
	peersPython []byte
	//go:embed peers.js
	peersNode []byte
)

func main() {
	procpool.Init()
	rounds := flag.Int("rounds", 5, "rounds; the table shows medians")
	only := flag.String("only", "", "cases whose name matches")
	flag.Parse()
	dir, err := os.MkdirTemp("", "quartet-bench-*")
	check(err)
	defer func() { _ = os.RemoveAll(dir) }()
	b := bench{
		dir: dir, python: find(dir, "peers.py", peersPython, "python3", "--version"),
		node: find(dir, "peers.js", peersNode, "node", "--version"),
	}
	fmt.Printf("%s %s/%s, GOMAXPROCS %d, two workers, medians of %d rounds\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), *rounds)
	filter := regexp.MustCompile(*only)
	for _, c := range b.cases() {
		if filter.MatchString(c.name) {
			c.run(*rounds)
		}
	}
}

// bench knows how to start the peers; nil: not installed.
type bench struct {
	dir          string
	python, node []string
}

// find writes a peer's script, and returns the command that runs it.
func find(dir, name string, script []byte, program, versionFlag string) []string {
	out, err := exec.Command(program, versionFlag).CombinedOutput()
	if err != nil {
		fmt.Printf("%s is not installed: its rows are left out\n", program)
		return nil
	}
	fmt.Printf("%s: %s\n", program, strings.TrimSpace(string(out)))
	path := filepath.Join(dir, name)
	check(os.WriteFile(path, script, 0o600))
	return []string{program, path}
}

// script writes a file for our own workers.
func (b bench) script(name, text string) string {
	path := filepath.Join(b.dir, name)
	check(os.WriteFile(path, []byte(text), 0o600))
	return path
}

// peer runs a case in another program, which prints seconds.
func peer(command []string, args ...string) func(n int) time.Duration {
	if command == nil {
		return nil
	}
	return func(n int) time.Duration {
		argv := slices.Concat(command[1:], args[:1], []string{strconv.Itoa(n)}, args[1:])
		cmd := exec.Command(command[0], argv...)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		check(err)
		seconds, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
		check(err)
		return time.Duration(seconds * float64(time.Second))
	}
}

// benchCase is one kind of work. Contenders do as much of it as takes them a moment; times are per operation.
type benchCase struct {
	name       string
	contenders []contender // the first is ours
}

type contender struct {
	name  string
	n     int
	do    func(n int) time.Duration // nil: not installed
	goal  float64                   // what our time should be of this one's
	floor float64                   // what it must be; 0: no such row
}

func (c benchCase) run(rounds int) {
	times := make([][]float64, len(c.contenders))
	for range rounds {
		for i, x := range c.contenders {
			if x.do != nil {
				runtime.GC()
				times[i] = append(times[i], float64(x.do(x.n))/float64(x.n))
			}
		}
	}
	fmt.Printf("\n%s\n", c.name)
	ours := median(times[0])
	for i, x := range c.contenders {
		if x.do == nil {
			continue
		}
		m := median(times[i])
		fmt.Printf("  %-36s %12v  (%v to %v)", x.name, nanos(m), nanos(slices.Min(times[i])), nanos(slices.Max(times[i])))
		if i > 0 {
			fmt.Printf("  ours takes %.4f of its time%s", ours/m, x.verdict(ours/m))
		}
		fmt.Println()
	}
}

func (x contender) verdict(ratio float64) string {
	switch {
	case x.goal == 0:
		return ""
	case ratio <= x.goal:
		return fmt.Sprintf(", goal %.4g: reached", x.goal)
	case x.floor == 0:
		return fmt.Sprintf(", goal %.4g: MISSED", x.goal)
	case ratio <= x.floor:
		return fmt.Sprintf(", goal %.4g: missed, floor %.4g: holds", x.goal, x.floor)
	}
	return fmt.Sprintf(", floor %.4g: BROKEN", x.floor)
}

func median(xs []float64) float64 {
	xs = slices.Sorted(slices.Values(xs))
	return (xs[(len(xs)-1)/2] + xs[len(xs)/2]) / 2
}

func nanos(ns float64) time.Duration {
	d := time.Duration(ns)
	if d > 10*time.Microsecond {
		d = d.Round(100 * time.Nanosecond)
	}
	return d
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

var background = context.Background()
