// Package runtimes has the real rows of compare: Node, and each Python that is found, started as
// workers of a process pool, which serve the same load over a socket.
package runtimes

import (
	"context"
	_ "embed"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"

	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/result"
	"github.com/quartet-go/quartet/procpool"
)

var (
	//go:embed server.js
	serverJS []byte
	//go:embed cluster.js
	clusterJS []byte
	//go:embed server.py
	serverPy []byte
	//go:embed threads.py
	threadsPy []byte
	//go:embed processes.py
	processesPy []byte
	//go:embed broken.py
	brokenPy []byte
	//go:embed facts.js
	factsJS []byte
	//go:embed facts.py
	factsPy []byte
)

// language is a kind of runtime: how its programs are found, and what they run.
type language struct {
	name   string   // of its rows; the names of its programs begin with it
	auto   []string // the programs that Auto looks for, the usual one first
	ask    []string // the arguments with which a program prints its identity
	files  map[string][]byte
	config func(script string, args ...string) procpool.Config
	rows   []row

	like    string
	facts   string   // the script that does the same work as others
	over    []string // the scripts of a server over several processes
	special func(ctx context.Context, cfg procpool.Config, found map[string]float64) error
}

// row is one way to serve in a runtime.
type row struct {
	name, like string
	command    []string // a file, and its arguments
	per        per
	twins      []twin
}

// per is the number of requests that a connection carries.
type per uint8

const (
	all    per = iota // all of them, on one connection
	turns             // one at a time: the server has a thread for each connection
	single            // one: the server hands each new connection to one of its processes
)

var languages = []*language{
	{
		name:   "node",
		auto:   []string{"node"},
		ask:    []string{"-p", askNode},
		files:  map[string][]byte{"server.js": serverJS, "cluster.js": clusterJS, "facts.js": factsJS},
		config: procpool.Node,
		rows: []row{
			{"", "one thread", []string{"server.js"}, all, []twin{{"loop", "Node, one thread"}}},
			{
				"cluster", "a process per core behind one listener",
				[]string{"cluster.js", perCore},
				single,
				[]twin{{"loops(k)", "Node's cluster, as with PM2"}},
			},
		},
		like:    "compiled while it runs",
		facts:   "facts.js",
		over:    []string{"server.js", "cluster.js"},
		special: nothing,
	},
	{
		name: "python",
		auto: pythons(),
		ask:  []string{"-c", askPython},
		files: map[string][]byte{
			"server.py": serverPy, "threads.py": threadsPy, "processes.py": processesPy,
			"facts.py": factsPy, "broken.py": brokenPy,
		},
		config: procpool.Python,
		rows: []row{
			{"asyncio", "one thread", []string{"server.py"}, all, []twin{{"loop", "asyncio"}}},
			{
				"to_thread", "asyncio, computing in threads",
				[]string{"server.py", "threads"},
				all,
				[]twin{{"loop+gil thread", "asyncio.to_thread"}},
			},
			{
				"threads", "a thread per connection",
				[]string{"threads.py"},
				turns,
				[]twin{{"gil threads", "Python's threads"}},
			},
			{
				"processes", "asyncio in a process per core behind one listener",
				[]string{"processes.py", perCore},
				single, nil,
			},
		},
		like:    "interpreted",
		facts:   "facts.py",
		over:    []string{"server.py", "processes.py"},
		special: sharing,
	},
}

// perCore is the number of processes that share a listener.
var perCore = strconv.Itoa(runtime.GOMAXPROCS(0))

// Installed are the runtimes that were found, and the missing ones.
type Installed struct {
	Models    []load.Model
	Languages []load.Language
	Notes     []string // a line for each program
	servers   []*server
	pairs     []pair
	meant     map[string]string // a row's name without what tells programs of one language apart: the row
	dir       string
}

// Find looks for the programs that are named: by a name on the PATH or a path, or by Auto. One that
// several names lead to counts once. One that is missing, or does not start, is a note. perMS is
// the number of turns of a job that take a millisecond. Close removes what Find has written.
func Find(perMS int, programs []string) (*Installed, error) {
	wanted, err := candidates(programs)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "quartet-compare-*")
	if err != nil {
		return nil, err
	}
	found, notes := find(wanted)
	in := &Installed{Notes: notes, dir: dir, meant: make(map[string]string)}
	for _, p := range found {
		if err := in.add(p, perMS); err != nil {
			return nil, errors.Join(err, in.Close())
		}
	}
	in.spread(found)
	return in, nil
}

// add makes the rows of a program.
func (in *Installed) add(p *program, perMS int) error {
	if err := p.write(in.dir); err != nil {
		return err
	}
	var ways []string
	for _, x := range p.rows {
		cfg := p.config(filepath.Join(in.dir, x.command[0]), x.command[1:]...)
		cfg.Command[0], cfg.Workers, cfg.Concurrency = p.path, 1, 1
		name := joined(p.name, p.label, x.name)
		ways = append(ways, x.name)
		for _, same := range x.twins {
			if p.typical {
				in.pairs = append(in.pairs, pair{same, name})
			}
		}
		s := &server{name: name, cfg: cfg, turns: perMS, per: x.per}
		in.servers = append(in.servers, s)
		m := load.Model{
			Name: name, Like: x.like, Kind: result.Real, Apart: true, Fresh: x.per == single,
			Open: s.open, Down: s.down,
		}
		if x.per == turns {
			m.Most = most
		}
		in.Models = append(in.Models, m)
	}
	in.Languages = append(in.Languages, in.languageOf(p, joined(p.name, p.label)))
	if p.typical {
		in.means(p, ways...)
	}
	return nil
}

// Typical leaves of each language the rows of one program only. Its other programs still do the
// same work as Go.
func (in *Installed) Typical() {
	in.Models = slices.DeleteFunc(in.Models, func(m load.Model) bool {
		for _, row := range in.meant {
			if row == m.Name {
				return false
			}
		}
		return true
	})
}

// Close removes the scripts.
func (in *Installed) Close() error { return os.RemoveAll(in.dir) }
