// Proc compares the process pool with those of Python and Node, where they are installed. Both
// sides have two workers.
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
	"slices"
	"strconv"
	"strings"

	"github.com/quartet-go/quartet/internal/bench/versus"
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
	flags := versus.NewFlags()
	flag.Parse()
	dir, err := os.MkdirTemp("", "quartet-bench-*")
	check(err)
	defer func() { _ = os.RemoveAll(dir) }()
	b := bench{
		dir: dir, python: find(dir, "peers.py", peersPython, "python3", "--version"),
		node: find(dir, "peers.js", peersNode, "node", "--version"),
	}
	flags.Run(b.cases())
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
		fmt.Printf("%s is not installed\n", program)
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

// peer runs n operations in another program, which prints seconds.
func peer(n int, command []string, args ...string) func() (float64, error) {
	run := figure(command, slices.Concat(args[:1], []string{strconv.Itoa(n)}, args[1:])...)
	return func() (float64, error) {
		seconds, err := run()
		return seconds * 1e9 / float64(n), err
	}
}

// figure is what another program prints.
func figure(command []string, args ...string) func() (float64, error) {
	if command == nil {
		return missing
	}
	return func() (float64, error) {
		cmd := exec.Command(command[0], slices.Concat(command[1:], args)...)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		check(err)
		return strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	}
}

func missing() (float64, error) { return 0, versus.ErrMissing }

func check(err error) {
	if err != nil {
		panic(err)
	}
}

var background = context.Background()
