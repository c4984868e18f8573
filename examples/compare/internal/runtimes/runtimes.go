// Package runtimes has the real rows of compare: Node, and each Python that is found, started as workers of a process pool,
// which serve the same load over a socket.
package runtimes

import (
	_ "embed"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/procpool"
)

var (
	//go:embed server.js
	serverJS []byte
	//go:embed server.py
	serverPy []byte
	//go:embed threads.py
	threadsPy []byte
)

// language is a kind of runtime: how its programs are found, and what they run.
type language struct {
	name   string   // of its rows; the names of its programs begin with it
	auto   []string // the programs that Auto looks for, the usual one first
	ask    []string // the arguments with which a program prints its identity
	files  map[string][]byte
	config func(script string, args ...string) procpool.Config
	rows   []row
}

// row is one way to serve in a runtime.
type row struct {
	name, like string
	command    []string // a file, and its arguments
	crew       bool     // it has a thread for each connection, so a connection carries one request at a time
	twins      []twin
}

var languages = []*language{
	{
		"node",
		[]string{"node"},
		[]string{"-p", askNode},
		map[string][]byte{"server.js": serverJS},
		procpool.Node,
		[]row{
			{"", "one thread", []string{"server.js"}, false, []twin{{"loop", everywhere}}},
		},
	},
	{
		"python", pythons(),
		[]string{"-c", askPython},
		map[string][]byte{"server.py": serverPy, "threads.py": threadsPy},
		procpool.Python,
		[]row{
			{"asyncio", "one thread", []string{"server.py"}, false, []twin{{"loop", everywhere}}},
			{"to_thread", "asyncio, computing in threads", []string{"server.py", "threads"}, false, []twin{{"loop+gil thread", everywhere}}},
			{"threads", "a thread per connection", []string{"threads.py"}, true, []twin{{"gil threads", everywhere}}},
		},
	},
}

// Installed are the runtimes that were found, and what is missing.
type Installed struct {
	Models  []load.Model
	Notes   []string // a line for each program
	servers []*server
	pairs   []pair
	dir     string
}

// Find looks for the programs that are named: by a name on the PATH or a path, or by Auto. One that several names lead to
// counts once. One that is missing, or does not start, is a note. turns is how many of a job take a millisecond. Close
// removes what Find has written.
func Find(turns int, programs []string) (*Installed, error) {
	wanted, err := candidates(programs)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "quartet-compare-*")
	if err != nil {
		return nil, err
	}
	found, notes := find(wanted)
	in := &Installed{Notes: notes, dir: dir}
	for _, p := range found {
		if err := in.add(p, turns); err != nil {
			return nil, errors.Join(err, in.Close())
		}
	}
	return in, nil
}

// add makes the rows of a program.
func (in *Installed) add(p *program, turns int) error {
	for name, source := range p.files {
		if err := os.WriteFile(filepath.Join(in.dir, name), source, 0o600); err != nil {
			return err
		}
	}
	for _, x := range p.rows {
		cfg := p.config(filepath.Join(in.dir, x.command[0]), x.command[1:]...)
		cfg.Command[0], cfg.Workers, cfg.Concurrency = p.path, 1, 1
		name := strings.Join(strings.Fields(p.name+" "+p.label+" "+x.name), " ")
		for _, same := range x.twins {
			if p.typical {
				in.pairs = append(in.pairs, pair{same, name})
			}
		}
		s := &server{name: name, cfg: cfg, turns: turns, crew: x.crew}
		in.servers = append(in.servers, s)
		m := load.Model{Name: name, Like: x.like, Kind: result.Real, Apart: true, Open: s.open, Down: s.down}
		if x.crew {
			m.Most = most
		}
		in.Models = append(in.Models, m)
	}
	return nil
}

// Close removes the scripts.
func (in *Installed) Close() error { return os.RemoveAll(in.dir) }
