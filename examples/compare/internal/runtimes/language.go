package runtimes

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quartet-go/quartet"
	"github.com/quartet-go/quartet/examples/compare/internal/load"
	"github.com/quartet-go/quartet/examples/compare/internal/workload"
	"github.com/quartet-go/quartet/procpool"
)

// What the facts scripts can be asked.
var (
	work     = quartet.Declare[asked, done]("compare.work")
	resident = quartet.Declare[struct{}, float64]("compare.memory")
	threads  = quartet.Declare[struct{}, float64]("compare.threads")
	lost     = quartet.Declare[counts, losses]("compare.lost")
	broken   = quartet.Declare[struct{}, float64]("compare.broken")
)

type asked struct {
	Work string `json:"work"`
	N    int    `json:"n"`
}

type done struct {
	MS    float64 `json:"ms"`
	Value int     `json:"value"`
}

// counts are those of threads that share a variable: by n = f(n) + 1, or by n += 1.
type counts struct {
	Threads int  `json:"threads"`
	Times   int  `json:"times"`
	Call    bool `json:"call"`
}

type losses struct {
	Share  float64 `json:"share"`  // of all counts
	Native float64 `json:"native"` // threads of the system, for each thread
}

// idle is how many connections are opened to know what one takes.
const idle = 300

// languageOf measures a program in its own language.
func (in *Installed) languageOf(p *program, name string) load.Language {
	cfg := p.config(filepath.Join(in.dir, p.facts))
	cfg.Command[0], cfg.Workers, cfg.Concurrency = p.path, 1, 1
	return load.Language{Name: name, Like: p.like, Measure: func(ctx context.Context) (map[string]float64, error) {
		found := map[string]float64{"lines": p.lines()}
		for _, measure := range []func(context.Context, procpool.Config, map[string]float64) error{
			service, works,
			p.special,
		} {
			if err := measure(ctx, cfg, found); err != nil {
				return nil, err
			}
		}
		return found, nil
	}}
}

// service measures a service that does nothing but listen, and then has idle connections.
func service(ctx context.Context, cfg procpool.Config, found map[string]float64) error {
	begin := time.Now()
	pool, err := procpool.New(cfg)
	if err != nil {
		return err
	}
	defer func() { _ = pool.Close() }()
	port, err := listen.Do(ctx, pool, struct{}{})
	if err != nil {
		return err
	}
	found["start"] = time.Since(begin).Seconds()
	before, err := resident.Do(ctx, pool, struct{}{})
	if err != nil || before == 0 {
		return err // the system does not tell
	}
	found["memory"] = before
	had, _ := threads.Do(ctx, pool, struct{}{}) // only Node is asked
	crew, err := hire(ctx, port, 1, idle)
	if err != nil {
		return err
	}
	defer func() { _ = crew.close() }()
	after, err := resident.Do(ctx, pool, struct{}{})
	found["memory per connection"] = (after - before) / idle
	if has, err := threads.Do(ctx, pool, struct{}{}); err == nil && has > 0 {
		found["threads per connection"] = (has - had) / idle
	}
	return err
}

// works does what all languages do, and compares the results with those of Go.
func works(ctx context.Context, cfg procpool.Config, found map[string]float64) error {
	pool, err := procpool.New(cfg)
	if err != nil {
		return err
	}
	defer func() { _ = pool.Close() }()
	for _, w := range load.Works {
		d, err := work.Do(ctx, pool, asked{w.Name, w.Size})
		if err != nil {
			return err
		}
		found[w.Name] = d.MS / 1000
		if w.Name == "calibrated" {
			continue
		}
		if want := workload.Do(w, nil); d.Value != want {
			return fmt.Errorf("%s: it computes %d, and Go %d", w.Label, d.Value, want)
		}
	}
	return nil
}

// nothing more is measured.
func nothing(context.Context, procpool.Config, map[string]float64) error { return nil }

// sharing measures what Python's threads lose of what they count together, that they are the
// system's, and what Python's pool of processes loses with one of them.
func sharing(ctx context.Context, cfg procpool.Config, found map[string]float64) error {
	pool, err := procpool.New(cfg)
	if err != nil {
		return err
	}
	defer func() { _ = pool.Close() }()
	fifty, err := lost.Do(ctx, pool, counts{Threads: 50})
	if err != nil {
		return err
	}
	found["kernel threads per thread"] = fifty.Native
	for figure, call := range map[string]bool{"share of n += 1 lost": false, "share of n = f(n) + 1 lost": true} {
		l, err := lost.Do(ctx, pool, counts{Threads: 4, Times: 300_000, Call: call})
		if err != nil {
			return err
		}
		found[figure] = l.Share
	}
	found["share lost by exit"], err = broken.Do(ctx, pool, struct{}{})
	return err
}

// lines are those of a server over several processes that are code.
func (p *program) lines() (n float64) {
	for _, file := range p.over {
		inside := false // a text that is a comment
		for line := range strings.Lines(string(p.files[file])) {
			line = strings.TrimSpace(line)
			if quotes := strings.Count(line, `"""`); quotes > 0 {
				inside = inside != (quotes == 1)
				continue
			}
			if line != "" && !inside && !strings.HasPrefix(line, "//") && !strings.HasPrefix(line, "#") {
				n++
			}
		}
	}
	return n
}

// Twins returns, for each model that has one, the row of a real runtime that does the same: of
// several the first. It also returns which row is meant by a language's name, or by that with a way
// to serve.
func (in *Installed) Twins() map[string]string {
	twins := maps.Clone(in.meant)
	for _, p := range in.pairs {
		if twins[p.model] == "" {
			twins[p.model] = p.real
		}
	}
	return twins
}

// means notes the rows of a program that stands for its language.
func (in *Installed) means(p *program, ways ...string) {
	for _, way := range append(ways, "") {
		in.meant[joined(p.name, way)] = joined(p.name, p.label, way)
	}
}

// joined is a row's name from its parts, some of which may be empty.
func joined(parts ...string) string {
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

// spread notes which Python is the newest, and which the oldest, of several with a lock.
func (in *Installed) spread(found []*program) {
	pythons := slices.DeleteFunc(slices.Clone(found), func(p *program) bool { return p.name != "python" || p.Free })
	slices.SortStableFunc(pythons, func(a, b *program) int { return minor(a.Version) - minor(b.Version) })
	if n := len(pythons); n > 1 && minor(pythons[0].Version) < minor(pythons[n-1].Version) {
		in.meant["oldest python"] = joined("python", pythons[0].label)
		in.meant["newest python"] = joined("python", pythons[n-1].label)
	}
}

// minor is the second number of a version.
func minor(version string) int {
	parts := strings.Split(version, ".")
	n, _ := strconv.Atoi(parts[min(1, len(parts)-1)])
	return n
}

// write writes a language's scripts where its programs find them.
func (l *language) write(dir string) error {
	for name, source := range l.files {
		if err := os.WriteFile(filepath.Join(dir, name), source, 0o600); err != nil {
			return err
		}
	}
	return nil
}
