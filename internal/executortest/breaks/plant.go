package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

const suite = "./internal/executortest"

type result struct {
	broken
	caught  bool
	err     bool // the break is at fault, not the suite
	verdict string
	output  string
	took    time.Duration
}

func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	mod := strings.TrimSpace(string(out))
	if filepath.Base(mod) != "go.mod" {
		return "", fmt.Errorf("not inside a module")
	}
	return filepath.Dir(mod), nil
}

// copyModule copies root without hidden folders.
func copyModule(dst, root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		hidden := rel != "." && strings.HasPrefix(d.Name(), ".")
		switch {
		case d.IsDir() && (hidden || d.Name() == "node_modules"):
			return filepath.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(dst, rel), 0o777)
		case hidden || !d.Type().IsRegular():
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dst, rel), data, 0o666)
	})
}

// goTest runs the tests and returns what they printed.
func goTest(dir string, args ...string) (string, error) {
	cmd := exec.Command("go", append([]string{"test", "-v", "-count=1", "-failfast", "-vet=off"}, args...)...)
	cmd.Dir = dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	return out.String(), err
}

// unbroken tests what the breaks test, in the same ways, without any break.
func unbroken(dir string, chosen []broken) (string, bool) {
	tried := map[string]bool{}
	for _, b := range chosen {
		args := b.testArgs()
		if b.testedPackage() == suite {
			args = []string{fmt.Sprintf("-race=%t", b.race), "-timeout=120s", suite} // all of it, once
		}
		way := strings.Join(args, " ")
		if tried[way] {
			continue
		}
		tried[way] = true
		if out, err := goTest(dir, args...); err != nil {
			return out, false
		}
	}
	return "", true
}

func (b broken) testedPackage() string {
	if b.pkg != "" {
		return b.pkg
	}
	return suite
}

func (b broken) testArgs() []string {
	run, timeout := b.run, b.time
	if run == "" {
		run = "^TestPool$/^" + b.clause + "_"
	}
	if timeout == "" {
		timeout = "60s"
	}
	return []string{"-run=" + run, "-timeout=" + timeout, fmt.Sprintf("-race=%t", b.race), b.testedPackage()}
}

// plant applies b to the copy in dir, runs the tests, and takes b back.
func plant(dir string, b broken) result {
	begun := time.Now()
	r := result{broken: b}
	restore, err := apply(dir, b.edits)
	if err != nil {
		r.err, r.verdict = true, "ERROR: "+err.Error()
	} else {
		r.output, err = goTest(dir, b.testArgs()...)
		r.judge(err)
	}
	if err := restore(); err != nil {
		fatal(err)
	}
	r.took = time.Since(begun)
	return r
}

func (r *result) judge(err error) {
	how, name := "", failed(r.output)
	switch {
	case strings.Contains(r.output, "[build failed]"), strings.Contains(r.output, "[setup failed]"):
		r.err, r.verdict = true, "ERROR: the break does not build"
		return
	case err == nil && !strings.Contains(r.output, "--- PASS"):
		r.err, r.verdict = true, "ERROR: no test ran"
		return
	case err == nil:
		r.verdict = "NOT CAUGHT"
		return
	case strings.Contains(r.output, "panic: test timed out"):
		how = " (hang)"
	case strings.Contains(r.output, "deadlock: "):
		how = " (deadlock)"
	case strings.Contains(r.output, "WARNING: DATA RACE"):
		how = " (data race)"
	case strings.Contains(r.output, "\nfatal error: "), strings.Contains(r.output, "\npanic: "):
		how = " (crash)"
	}
	if name == "" {
		r.err, r.verdict = true, "ERROR: go test failed, but no test did"
		return
	}
	r.caught, r.verdict = true, "caught by "+name+how
}

var (
	failLine = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)
	runLine  = regexp.MustCompile(`(?m)^=== RUN\s+(\S+)`)
)

// failed returns the first failing test that has no failing test inside; after a crash, the one that ran last.
func failed(output string) string {
	fails := failLine.FindAllStringSubmatch(output, -1)
	for _, f := range fails {
		inner := func(g []string) bool { return strings.HasPrefix(g[1], f[1]+"/") }
		if !slices.ContainsFunc(fails, inner) && strings.Contains(f[1], "/") {
			return f[1]
		}
	}
	if len(fails) > 0 && !strings.Contains(output, "\npanic: ") {
		return fails[0][1]
	}
	if runs := runLine.FindAllStringSubmatch(output, -1); len(runs) > 0 {
		return runs[len(runs)-1][1]
	}
	return ""
}

// apply makes the edits. restore undoes those that were made.
func apply(dir string, edits []edit) (restore func() error, err error) {
	before := map[string][]byte{}
	restore = func() error {
		for path, data := range before {
			if err := os.WriteFile(path, data, 0o666); err != nil {
				return err
			}
		}
		return nil
	}
	for _, e := range edits {
		path := filepath.Join(dir, filepath.FromSlash(e.file))
		data, err := os.ReadFile(path)
		if err != nil {
			return restore, err
		}
		if n := bytes.Count(data, []byte(e.old)); n != 1 {
			return restore, fmt.Errorf("the text to replace is %d times in %s: %q", n, e.file, e.old)
		}
		if _, saved := before[path]; !saved {
			before[path] = data
		}
		data = bytes.Replace(data, []byte(e.old), []byte(e.new), 1)
		if err := os.WriteFile(path, data, 0o666); err != nil {
			return restore, err
		}
	}
	return restore, nil
}
