package examples_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// block is a fenced piece of a page.
type block struct{ lang, text string }

var fenced = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")

func blocks(t *testing.T, page string) (all []block) {
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	for _, m := range fenced.FindAllStringSubmatch(string(text), -1) {
		all = append(all, block{m[1], m[2]})
	}
	return all
}

func (b block) isProgram() bool { return b.lang == "go" && strings.HasPrefix(b.text, "package main") }

// run runs a program, and returns what it prints.
func (b block) run(t *testing.T, goTool string) string {
	file := filepath.Join(t.TempDir(), "page.go")
	require.NoError(t, os.WriteFile(file, []byte(b.text), 0o600))
	out, err := exec.Command(goTool, "run", "-ldflags=-s -w", file).CombinedOutput()
	require.NoError(t, err, string(out))
	return string(out)
}

// sources are the examples' own, which have tests of their own.
func sources(t *testing.T) (all []string) {
	for _, root := range []string{".", "../natspool/examples"} {
		require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && (filepath.Ext(path) == ".go" || filepath.Ext(path) == ".py") &&
				!strings.HasSuffix(path, "_test.go") {
				var text []byte
				text, err = os.ReadFile(path)
				all = append(all, string(text))
			}
			return err
		}))
	}
	return all
}

func contained(all []string, text string) bool {
	for _, source := range all {
		if strings.Contains(source, text) {
			return true
		}
	}
	return false
}

// The programs in the README are run as they stand, and print the text below them; every other
// piece of code in it is a piece of an example, word for word.
func TestREADMECode(t *testing.T) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go command is not there to build the README's programs: ", err)
	}
	code, all := sources(t), blocks(t, "../README.md")
	programs, pieces := 0, 0
	for i, b := range all {
		switch {
		case b.isProgram():
			programs++
			out := b.run(t, goTool)
			require.Equal(t, "text", all[i+1].lang, "a program's output stands below it")
			require.Equal(t, all[i+1].text, out)
		case b.lang == "go" || b.lang == "python":
			pieces++
			require.True(t, contained(code, b.text), "no example has this:\n%s", b.text)
		case b.lang == "diff":
			pieces++
			for line := range strings.Lines(b.text) {
				require.True(t, contained(code, line[1:]), "no example has this: %s", line)
			}
		}
	}
	require.Positive(t, programs)
	require.Positive(t, pieces)
}

// The program at the end of the article prints what the article shows of it, in this order.
func TestTheArticlesExactFigures(t *testing.T) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go command is not there to build the article's program: ", err)
	}
	var shown, printed string
	for _, b := range blocks(t, "../docs/article.md") {
		switch {
		case b.lang == "text":
			shown += b.text
		case b.isProgram():
			printed += b.run(t, goTool)
		}
	}
	require.NotEmpty(t, shown)
	require.Equal(t, shown, printed)
}

func TestREADMEIsShort(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	require.LessOrEqual(t, strings.Count(string(text), "\n"), 220)
	require.NotContains(t, string(text), "go get ")
}

var (
	span  = regexp.MustCompile("`[^`\n]*`")
	link  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	goRun = regexp.MustCompile(`go run (\./[a-z/]+)`)
)

// What the pages of the module refer to is there: files, and programs to run.
func TestPagesReferToWhatIsThere(t *testing.T) {
	links, programs := 0, 0
	require.NoError(t, filepath.WalkDir("..", func(page string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(page) != ".md" {
			return err
		}
		text, err := os.ReadFile(page)
		if err != nil {
			return err
		}
		prose := span.ReplaceAllString(fenced.ReplaceAllString(string(text), ""), "code")
		for _, m := range link.FindAllStringSubmatch(prose, -1) {
			path, _, _ := strings.Cut(m[1], "#")
			if path == "" || strings.Contains(path, "://") {
				continue
			}
			links++
			_, err := os.Stat(filepath.Join(filepath.Dir(page), path))
			require.NoError(t, err, "%s refers to it", page)
		}
		for _, m := range goRun.FindAllStringSubmatch(string(text), -1) {
			programs++
			require.DirExists(t, filepath.Join("..", m[1]), "%s runs it", page)
		}
		return nil
	}))
	require.Positive(t, links)
	require.Positive(t, programs)
}

// Each promise in the README is linked to its test.
func TestPromisesNameTheirTests(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	_, table, ok := strings.Cut(string(text), "| promise | tested in |\n| --- | --- |\n")
	require.True(t, ok)
	table, _, _ = strings.Cut(table, "\n\n")
	for row := range strings.Lines(table) {
		links := link.FindAllStringSubmatch(row, -1)
		require.NotEmpty(t, links, row)
		for _, m := range links {
			require.Regexp(t, `_test\.go$|^internal/executortest/`, m[1])
		}
	}
}

// Every example is on the ladder, and has a test.
func TestTheLadderHasEveryExample(t *testing.T) {
	ladder, err := os.ReadFile("README.md")
	require.NoError(t, err)
	programs, err := filepath.Glob("*/main.go")
	require.NoError(t, err)
	require.NotEmpty(t, programs)
	for _, program := range programs {
		name := filepath.Dir(program)
		require.Contains(t, string(ladder), "    go run ./examples/"+name+"\n")
		tests, err := filepath.Glob(name + "/*_test.go")
		require.NoError(t, err)
		require.NotEmpty(t, tests, name)
	}
}
