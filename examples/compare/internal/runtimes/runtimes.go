// Package runtimes has the real rows of compare: Node and Python, started as workers of a process pool, which serve the same
// load over a socket.
package runtimes

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/procpool"
)

var (
	//go:embed server.js
	serverJS []byte
	//go:embed server.py
	serverPy []byte
)

// listen starts a server in the runtime, and gives its port.
var listen = quartet.Declare[struct{}, int]("compare.listen")

// Installed are the runtimes that were found, and what is missing.
type Installed struct {
	Models  []load.Model
	Notes   []string // a line for each runtime
	against map[string]string
	dir     string
}

// runtime is one that may be installed.
type runtime struct {
	program string
	file    string
	source  []byte
	config  func(script string, args ...string) procpool.Config
	rows    []row
}

// row is one way to serve in a runtime.
type row struct {
	name, like string
	args       []string
	simulated  string // the row of the library that models it; "": none
}

var known = []runtime{
	{"node", "server.js", serverJS, procpool.Node, []row{{"node", "one thread", nil, "loop"}}},
	{"python3", "server.py", serverPy, procpool.Python, []row{
		{"python asyncio", "one thread", nil, ""},
		{"python to_thread", "asyncio, computing in threads", []string{"threads"}, "loop+gil thread"},
	}},
}

// Auto, among the programs to find, stands for all.
const Auto = "auto"

// Find looks for the programs that are named. turns is how many of a job take a millisecond. Close removes what it has
// written.
func Find(turns int, programs []string) (*Installed, error) {
	for _, p := range programs {
		if p != Auto && !slices.ContainsFunc(known, func(r runtime) bool { return r.program == p }) {
			return nil, fmt.Errorf("compare: -runtimes: %q is none of %s, node, python3", p, Auto)
		}
	}
	dir, err := os.MkdirTemp("", "quartet-compare-*")
	if err != nil {
		return nil, err
	}
	in := &Installed{dir: dir, against: make(map[string]string)}
	for _, r := range known {
		if !slices.Contains(programs, Auto) && !slices.Contains(programs, r.program) {
			continue
		}
		if err := in.add(r, turns); err != nil {
			return nil, errors.Join(err, in.Close())
		}
	}
	return in, nil
}

func (in *Installed) add(r runtime, turns int) error {
	version, err := exec.Command(r.program, "--version").CombinedOutput()
	if err != nil {
		in.Notes = append(in.Notes, r.program+" is not installed")
		return nil
	}
	in.Notes = append(in.Notes, r.program+" "+strings.TrimPrefix(strings.TrimSpace(string(version)), "Python "))
	path := filepath.Join(in.dir, r.file)
	if err := os.WriteFile(path, r.source, 0o600); err != nil {
		return err
	}
	for _, x := range r.rows {
		cfg := r.config(path, x.args...)
		cfg.Workers, cfg.Concurrency = 1, 1
		if x.simulated != "" {
			in.against[x.simulated] = x.name
		}
		in.Models = append(in.Models, load.Model{
			Name: x.name, Like: x.like, Kind: result.Real, Apart: true,
			Open: func(load.Setup) load.Server { return open(cfg, turns) },
		})
	}
	return nil
}

// Close removes the scripts.
func (in *Installed) Close() error { return os.RemoveAll(in.dir) }

// open starts a runtime, and a connection to its server.
func open(cfg procpool.Config, turns int) load.Server {
	pool, err := procpool.New(cfg)
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	port, err := listen.Do(ctx, pool, struct{}{})
	if err != nil {
		panic(err)
	}
	c, err := dial(port, turns)
	if err != nil {
		panic(err)
	}
	return load.Server{Serve: c.serve, Shut: func() { _, _ = c.close(), pool.Close() }}
}

// Against notes in a table how the figure of its bar compares, of each simulated row with the real one. Not in chat, whose
// 5 µs of a receiver are less than a real row's socket takes.
func (in *Installed) Against(t *result.Table) {
	if t.Name == "chat" {
		return
	}
	for i := range t.Rows {
		r := &t.Rows[i]
		name, ok := in.against[r.Model]
		if !ok {
			continue
		}
		if real, ok := t.Row(name); ok && real.Of(t.BarOf) > 0 {
			r.AgainstReal = float64(r.Of(t.BarOf)) / float64(real.Of(t.BarOf))
			t.Remarks = append(t.Remarks, fmt.Sprintf("against the real one: the %s of %s is %.2f times that of %s", t.BarOf, r.Name, r.AgainstReal, name))
		}
	}
}
