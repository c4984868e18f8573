package house_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// quoted is a word in the last column of the glossary's list.
var quoted = regexp.MustCompile("`([^`]+)`")

// program are files that show something, or measure peers, and may use words of others.
var program = regexp.MustCompile(`/examples/|/bench/|/internal/(house|executortest)/|_test\.go$`)

// Code and comments use the words of docs/glossary.md, one for each thing.
func TestOneWordForOneThing(t *testing.T) {
	text := strings.Join(lines(t, filepath.Join(root, "docs", "glossary.md")), "\n")
	_, list, ok := strings.Cut(text, "| word | it is | not |\n| --- | --- | --- |\n")
	require.True(t, ok)
	list, _, _ = strings.Cut(list, "\n\n")
	var others []string
	for row := range strings.Lines(list) {
		columns := strings.Split(row, "|")
		require.Len(t, columns, 5, row)
		for _, m := range quoted.FindAllStringSubmatch(columns[3], -1) {
			others = append(others, regexp.QuoteMeta(m[1]))
		}
	}
	require.Greater(t, len(others), 10)
	other := regexp.MustCompile(`(?i)\b(` + strings.Join(others, "|") + `)\b`)
	var found []string
	for _, path := range goFiles(t) {
		if program.MatchString(path) {
			continue
		}
		for i, line := range lines(t, path) {
			if word := other.FindString(line); word != "" {
				found = append(found, fmt.Sprintf("%s:%d: %s", path, i+1, word))
			}
		}
	}
	require.Empty(t, found, "docs/glossary.md has another word for it")
}
