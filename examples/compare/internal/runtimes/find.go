package runtimes

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Auto, among the programs to find, stands for all that are known.
const Auto = "auto"

// The scripts by which a program tells its version.
const (
	askNode   = `JSON.stringify({version: process.versions.node, build: process.version})`
	askPython = `import json, sys
gil = getattr(sys, "_is_gil_enabled", lambda: True)()
print(json.dumps({"version": sys.version.split()[0], "build": sys.version, "free": not gil}))`
)

// patience is how long a program may take to say it.
const patience = 10 * time.Second

// pythons are the names under which a Python may be installed. Those with a t have no global lock.
func pythons() []string {
	names := []string{"python3"}
	for minor := 8; minor <= 15; minor++ {
		names = append(names, fmt.Sprintf("python3.%d", minor))
	}
	return append(names, "python3.13t", "python3.14t", "python3.15t")
}

// identity is what a program says of itself. Two that say the same are the same: a path, even with
// its links followed, does not tell, as a version manager puts one program there under all names.
type identity struct {
	Version string `json:"version"`
	Build   string `json:"build"`
	Free    bool   `json:"free"` // a Python that runs without its global lock
}

// candidate is a program to look for.
type candidate struct {
	*language
	program string
	quiet   bool // its absence is no news
}

// program is one that was found.
type program struct {
	*language
	identity
	names   []string // that led to it
	path    string
	label   string // what tells it from others of its language; "" where it is alone
	typical bool   // it stands for its language where rows are compared: the first that has a lock, where that matters
}

// candidates are the programs that are meant.
func candidates(programs []string) (all []candidate, err error) {
	for _, p := range programs {
		if p == Auto {
			for _, l := range languages {
				for i, name := range l.auto {
					all = append(all, candidate{l, name, i > 0})
				}
			}
			continue
		}
		i := slices.IndexFunc(languages, func(l *language) bool { return strings.HasPrefix(filepath.Base(p), l.name) })
		if i < 0 {
			return nil,
				fmt.Errorf("compare: -runtimes: %q is none of %s, node, python3, python3.13 and the like, or a path of one", p, Auto)
		}
		all = append(all, candidate{languages[i], p, false})
	}
	return all, nil
}

// find asks the candidates, all at once, and returns those that answer, each once, and a line for
// each that is worth one.
func find(wanted []candidate) (found []*program, notes []string) {
	programs, errs := make([]*program, len(wanted)), make([]error, len(wanted))
	var all sync.WaitGroup
	for i, c := range wanted {
		all.Go(func() { programs[i], errs[i] = c.look() })
	}
	all.Wait()
	for i, p := range programs {
		if p == nil {
			if missing := errors.Is(errs[i], errMissing); !missing || !wanted[i].quiet {
				notes = append(notes, errs[i].Error())
			}
			continue
		}
		same := slices.IndexFunc(found, func(q *program) bool { return q.identity == p.identity })
		switch {
		case same < 0:
			found = append(found, p)
		case !slices.Contains(found[same].names, p.names[0]):
			found[same].names = append(found[same].names, p.names[0])
		}
	}
	for _, l := range languages {
		of := slices.DeleteFunc(slices.Clone(found), func(p *program) bool { return p.language != l })
		label(of)
		if i := slices.IndexFunc(of, func(p *program) bool { return !p.Free }); i >= 0 {
			of[i].typical = true
		}
	}
	about := make([]string, len(found))
	for i, p := range found {
		about[i] = p.String()
	}
	return found, append(about, notes...)
}

var errMissing = errors.New("is not installed")

// look starts the program, which tells its version.
func (c candidate) look() (*program, error) {
	path, err := exec.LookPath(c.program)
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s %w", c.program, errMissing)
	}
	p := &program{language: c.language, names: []string{c.program}, path: path}
	var said, complained bytes.Buffer
	if err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		cmd := exec.CommandContext(ctx, path, c.ask...)
		cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &said, &complained, time.Second
		err = cmd.Run()
	}
	if err == nil {
		lines := bytes.Split(bytes.TrimSpace(said.Bytes()), []byte("\n")) // the last: a start-up file may print, too
		err = json.Unmarshal(lines[len(lines)-1], &p.identity)
	}
	if err != nil {
		return nil, fmt.Errorf("%s does not start: %s", c.program, cmp.Or(complaint(complained.String()), err.Error()))
	}
	return p, nil
}

// label gives each program the shortest label that no other has.
func label(programs []*program) {
	for _, by := range []func(*program) string{
		func(*program) string { return "" },
		func(p *program) string { return p.suffixed(p.Version[:max(0, strings.LastIndex(p.Version, "."))]) },
		func(p *program) string { return p.suffixed(p.Version) },
		func(p *program) string { return p.names[0] },
	} {
		labels := make(map[string]bool)
		for _, p := range programs {
			p.label = by(p)
			labels[p.label] = true
		}
		if len(labels) == len(programs) {
			return
		}
	}
}

// suffixed is a version as programs without a lock have it in their names.
func (p *program) suffixed(version string) string {
	if p.Free {
		version += "t"
	}
	return version
}

func (p *program) String() string {
	text := strings.Join(p.names, ", ") + ": " + p.Version
	if p.Free {
		text += ", without a global lock"
	}
	return text
}
