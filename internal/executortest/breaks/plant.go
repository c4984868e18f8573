package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const suite = "./internal/executortest"

// verdict says what became of a break.
type verdict string

const (
	caught   verdict = "caught"   // a test failed, or crashed
	hung     verdict = "hang"     // a test did not end: caught as well, but slowly
	survives verdict = "SURVIVES" // all tests pass
	spoiled  verdict = "ERROR"    // the break does not apply or does not build, or no test ran
)

type result struct {
	broken
	verdict verdict
	by      string // the test that caught it, or what is wrong with the break
	output  string
	took    time.Duration
}

func (r result) String() string {
	return fmt.Sprintf("%-8s %-88s %s (%.0fs)", r.verdict, r.broken, r.by, r.took.Seconds())
}

// bench is where breaks are tried.
type bench struct {
	root    string
	dir     string // for what is built
	mu      sync.Mutex
	numbers map[string]int          // of the breaks that are on the switchboard, by key
	overlay string                  // of the switchboard
	board   *switchboard            // with the breaks that build
	tests   map[string]func() error // builds the tests of one package, once
	faults  map[string]string       // by key: why a break cannot be planted
}

func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	mod := strings.TrimSpace(string(out))
	if filepath.Base(mod) != "go.mod" {
		return "", errors.New("not inside a module")
	}
	return filepath.Dir(mod), nil
}

// open returns a bench with all the chosen breaks that can be on one switchboard.
func open(root, dir string, chosen []broken) (*bench, error) {
	b := &bench{
		root: root, dir: dir, numbers: map[string]int{}, tests: map[string]func() error{}, faults: map[string]string{},
		board: &switchboard{tree: &tree{root: root}, variants: map[string]map[string]map[int]function{}},
	}
	for i, c := range chosen {
		t, err := broke(root, c.edits)
		if err != nil {
			b.faults[c.key()] = err.Error()
		} else if !c.alone && !c.race && b.board.add(i+1, t) {
			b.numbers[c.key()] = i + 1
		}
	}
	return b, b.wire(chosen)
}

// wire writes the switchboard, without the breaks that do not build.
func (b *bench) wire(chosen []broken) error {
	for {
		t, err := b.board.wire()
		if err != nil {
			return err
		}
		if b.overlay, err = t.write(b.dir); err != nil {
			return err
		}
		args := append([]string{"build", "-overlay=" + b.overlay}, t.packages()...)
		out, err := b.goTool(args...)
		if err == nil {
			return nil
		}
		bad := b.culprits(t, out)
		if len(bad) == 0 {
			return fmt.Errorf("the switchboard does not build: %s", out)
		}
		for number, message := range bad {
			c := chosen[number-1]
			delete(b.numbers, c.key())
			b.faults[c.key()] = "does not build: " + message
			b.board.drop(number)
		}
	}
}

var compileError = regexp.MustCompile(`(?m)^(\S+\.go):(\d+):\d+: (.*)$`)

// culprits returns the breaks in whose functions the compiler found errors.
func (b *bench) culprits(t *tree, out string) map[int]string {
	bad := map[int]string{}
	for _, m := range compileError.FindAllStringSubmatch(out, -1) {
		line, _ := strconv.Atoi(m[2])
		if number := b.board.at(t.written[m[1]], line); number > 0 {
			bad[number] = m[3]
		}
	}
	return bad
}

func (b *bench) goTool(args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = b.root
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// trial is one run of the tests of one package.
type trial struct {
	pkg, run, timeout string
	race              bool
}

func (t trial) String() string {
	return fmt.Sprintf("%s -run=%s -race=%t", t.pkg, t.run, t.race)
}

// narrow is what a break names.
func (b broken) narrow() trial {
	t := trial{b.pkg, b.run, b.time, b.race}
	if t.pkg == "" {
		t.pkg = suite
	}
	if t.run == "" {
		t.run = "^TestPool$/^" + b.clause + "_"
	}
	if t.timeout == "" {
		t.timeout = "60s"
	}
	return t
}

// wide is all tests of the named and the changed packages and the suite, as .ci/run does.
func (b broken) wide(t *tree) (trials []trial) {
	for _, pkg := range append(t.packages(), b.narrow().pkg, suite) {
		whole := trial{pkg, "", "240s", b.race}
		if !slices.Contains(trials, whole) {
			trials = append(trials, whole)
		}
	}
	return trials
}

// plant tries the break on the tests that it names, then on all others.
func (b *bench) plant(c broken) result {
	begun := time.Now()
	r := result{broken: c}
	if t, err := broke(b.root, c.edits); err != nil {
		r.verdict, r.by = spoiled, err.Error()
	} else if fault := b.faults[c.key()]; fault != "" {
		r.verdict, r.by = spoiled, fault
	} else {
		b.try(&r, t)
	}
	r.took = time.Since(begun)
	return r
}

func (b *bench) try(r *result, t *tree) {
	overlay, number := b.overlay, b.numbers[r.key()]
	if number == 0 {
		dir, err := os.MkdirTemp(b.dir, "alone-")
		if err != nil {
			fatal(err)
		}
		defer os.RemoveAll(dir)
		if overlay, err = t.write(dir); err != nil {
			fatal(err)
		}
	}
	named := r.narrow()
	for i, trial := range append([]trial{named}, r.wide(t)...) {
		out, err := b.test(overlay, number, trial)
		r.output = out
		r.judge(err)
		switch {
		case r.verdict == survives:
			continue
		case i > 0 && r.verdict == spoiled && r.by == noTest: // all packages count, also one without tests
			r.verdict, r.by = survives, ""
			continue
		case i > 0 && r.verdict != spoiled:
			r.by += fmt.Sprintf(" [not by %v]", named)
		}
		return
	}
}

// test runs the tests with a break: all tests of the switchboard are built once.
func (b *bench) test(overlay string, number int, t trial) (string, error) {
	name := fmt.Sprintf("%s-%t.test", strings.ReplaceAll(t.pkg, "/", "_"), t.race)
	binary := filepath.Join(filepath.Dir(overlay), name)
	if err := b.build(overlay, binary, t); err != nil {
		return err.Error(), err
	}
	cmd := exec.Command(binary, "-test.v", "-test.failfast", "-test.count=1", "-test.run="+t.run,
		"-test.timeout="+t.timeout)
	cmd.Dir = filepath.Join(b.root, filepath.FromSlash(t.pkg))
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", switchVariable, number))
	return output(cmd, t.timeout)
}

// output runs cmd, whose tests end at the timeout by themselves, or are killed a little later.
func output(cmd *exec.Cmd, timeout string) (string, error) {
	limit, err := time.ParseDuration(timeout)
	if err != nil {
		fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit+20*time.Second)
	defer cancel()
	killed := exec.CommandContext(ctx, cmd.Path, cmd.Args[1:]...)
	killed.Dir, killed.Env, killed.WaitDelay = cmd.Dir, cmd.Env, 5*time.Second
	var out bytes.Buffer
	killed.Stdout, killed.Stderr = &out, &out
	err = killed.Run()
	if ctx.Err() != nil {
		out.WriteString("\npanic: test timed out: it did not even end by itself")
	}
	return out.String(), err
}

// build builds the tests of a package, once for each overlay.
func (b *bench) build(overlay, binary string, t trial) error {
	b.mu.Lock()
	build := b.tests[binary]
	if build == nil {
		build = sync.OnceValue(func() error {
			out, err := b.goTool("test", "-c", "-vet=off", "-overlay="+overlay, fmt.Sprintf("-race=%t", t.race),
				"-o", binary, t.pkg)
			if err != nil {
				return fmt.Errorf("[build failed] %s", out)
			}
			return nil
		})
		b.tests[binary] = build
	}
	b.mu.Unlock()
	return build()
}

const noTest = "no test ran"

func (r *result) judge(err error) {
	name, how := failed(r.output), ""
	r.verdict = caught
	switch {
	case strings.Contains(r.output, "[build failed]"):
		r.verdict, r.by = spoiled, "the break does not build"
		return
	case err == nil && !strings.Contains(r.output, "--- PASS"):
		r.verdict, r.by = spoiled, noTest
		return
	case err == nil:
		r.verdict, r.by = survives, ""
		return
	case strings.Contains(r.output, "panic: test timed out"):
		r.verdict = hung
	case strings.Contains(r.output, "deadlock: "):
		how = " (deadlock)"
	case strings.Contains(r.output, "WARNING: DATA RACE"):
		how = " (data race)"
	case strings.Contains(r.output, "\nfatal error: "), strings.Contains(r.output, "\npanic: "):
		how = " (crash)"
	}
	if name == "" {
		r.verdict, r.by = spoiled, "the tests failed, but none of them did"
		return
	}
	r.by = name + how
}

var (
	failLine = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)
	runLine  = regexp.MustCompile(`(?m)^=== RUN\s+(\S+)`)
)

// failed returns the first failing test that has no failing test inside; after a crash, the one
// that ran last.
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
