package house_test

import (
	"fmt"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

const (
	root         = "../.."
	codeColumns  = 120
	proseColumns = 100 // of a line that is only a comment
	tab          = "    "
	fileLines    = 400 // outside of tests
	rootFiles    = 20  // likewise
)

// riddles are words that a comment uses where a noun is missing. A comment names the thing.
var riddles = regexp.MustCompile(`(?i)\b(` + strings.Join([]string{
	`what (is|are|was|were|has|had|comes?|came|gets|becomes|goes|went|stands|it (is|has|was|gets))`,
	`as it (is|was|comes|came|stands)`, `of late[.,:;)]`, `by as (long|much|many) as`, `comes of it`,
}, "|") + `)`)

// text is a long string, which nobody has to tear. page is a line of a diagram, of code or of
// output in a comment.
var (
	text = regexp.MustCompile("\"[^\"]{40,}|`[^`]{40,}|://")
	page = regexp.MustCompile(`^\t*//(\t|go:)|^\t*// .*(  |: [0-9]|\{")|^</?[a-z]`)
)

func TestLinesAreNarrow(t *testing.T) {
	var wide []string
	for _, path := range goFiles(t) {
		comments := commentLines(t, path)
		for i, line := range lines(t, path) {
			columns, limit := utf8.RuneCountInString(strings.ReplaceAll(line, "\t", tab)), codeColumns
			if comments[i+1] {
				limit = proseColumns
			}
			if columns > limit && !text.MatchString(line) && !page.MatchString(line) {
				wide = append(wide, fmt.Sprintf("%s:%d: %d columns", path, i+1, columns))
			}
		}
	}
	require.Empty(t, wide, "comments have at most %d columns, code at most %d", proseColumns, codeColumns)
}

func TestCommentsNameThings(t *testing.T) {
	var found []string
	for _, path := range goFiles(t) {
		comments := commentLines(t, path)
		for i, line := range lines(t, path) {
			if word := riddles.FindString(line); comments[i+1] && word != "" {
				found = append(found, fmt.Sprintf("%s:%d: %q", path, i+1, word))
			}
		}
	}
	require.Empty(t, found, "a comment names the thing")
}

// mutex is a lock: a field, or a variable.
var mutex = regexp.MustCompile(`^\t+(\w+)\s+sync\.(RW)?Mutex\b`)

// A lock says which fields it guards, beside it or above. Programs that show something are left
// out: they have the lock beside the one thing that it guards.
func TestLocksSayWhatTheyGuard(t *testing.T) {
	programs := regexp.MustCompile(`_test\.go$|/examples/|/bench/|/executortest/`)
	locks := 0
	for _, path := range goFiles(t) {
		if programs.MatchString(path) {
			continue
		}
		all := lines(t, path)
		for i, line := range all {
			m := mutex.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			locks++
			above := strings.Join(all[max(0, i-5):i+1], "\n")
			require.Regexp(t, `// .*\b(guards|one .* at a time)\b`, above, "%s:%d: %s", path, i+1, m[1])
		}
	}
	require.Positive(t, locks)
}

func TestFilesAreShort(t *testing.T) {
	for _, path := range goFiles(t) {
		if !strings.HasSuffix(path, "_test.go") && !strings.Contains(path, "/executortest/") {
			require.LessOrEqual(t, len(lines(t, path)), fileLines, path)
		}
	}
}

func TestTheRootIsSmall(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "*.go"))
	require.NoError(t, err)
	files = slices.DeleteFunc(files, func(path string) bool { return strings.HasSuffix(path, "_test.go") })
	require.NotEmpty(t, files)
	require.LessOrEqual(t, len(files), rootFiles, files)
}

// named is a path in backquotes.
var named = regexp.MustCompile("`([a-z_*/]+\\.(?:go|md|py|js)|(?:internal|procpool|examples)/[a-z/]+)`")

// CONTRIBUTING maps changes to places that exist.
func TestTheMapNamesPlacesThatExist(t *testing.T) {
	const inside = "examples/compare"
	places := named.FindAllStringSubmatch(strings.Join(lines(t, filepath.Join(root, "CONTRIBUTING.md")), "\n"), -1)
	require.NotEmpty(t, places)
	for _, m := range places {
		here, err := filepath.Glob(filepath.Join(root, m[1]))
		require.NoError(t, err)
		there, err := filepath.Glob(filepath.Join(root, inside, m[1]))
		require.NoError(t, err)
		require.NotEmpty(t, append(here, there...), m[1])
	}
}

func goFiles(t *testing.T) (paths []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() && strings.HasPrefix(e.Name(), ".") && path != root {
			return filepath.SkipDir
		}
		if err == nil && strings.HasSuffix(path, ".go") {
			paths = append(paths, path)
		}
		return err
	}))
	require.NotEmpty(t, paths)
	return paths
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	source, err := os.ReadFile(path)
	require.NoError(t, err)
	return strings.Split(strings.TrimSuffix(string(source), "\n"), "\n")
}

// commentLines are the numbers of the lines that are comments and nothing else.
func commentLines(t *testing.T, path string) map[int]bool {
	t.Helper()
	source, err := os.ReadFile(path)
	require.NoError(t, err)
	files := token.NewFileSet()
	file := files.AddFile(path, -1, len(source))
	var s scanner.Scanner
	s.Init(file, source, nil, scanner.ScanComments)
	comments, code := map[int]bool{}, 0
	for {
		pos, tok, lit := s.Scan()
		line := file.Line(pos)
		switch tok {
		case token.EOF:
			return comments
		case token.COMMENT:
			for i := range strings.Split(lit, "\n") {
				comments[line+i] = line+i != code
			}
		default:
			code = line + strings.Count(lit, "\n")
		}
	}
}
