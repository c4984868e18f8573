package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A break whose text the code no longer has is no break: it is to be mended with the code.
func TestEveryBreakApplies(t *testing.T) {
	root, err := moduleRoot()
	require.NoError(t, err)
	names := map[string]bool{}
	for _, b := range breaks() {
		_, err := broke(root, b.edits)
		assert.NoError(t, err, "%v", b)
		assert.False(t, names[b.String()], "%v is there twice", b)
		names[b.String()] = true
	}
}

func TestPlacesOfEdits(t *testing.T) {
	root := t.TempDir()
	write := func(name, code string) string {
		path := filepath.Join(root, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, []byte(code), 0o666))
		return path
	}
	a := write("some/dir/a.go",
		"package dir\n\nfunc F() {\n\tif a &&\n\t\tb {\n\t}\n}\n\nfunc (t *T[A, B]) M() { c() }\n")
	write("some/dir/b.go", "package dir\n\nfunc (t T) F() {\n\tif a && b {\n\t}\n}\n")
	write("some/dir/b_test.go", "package dir\n\nfunc F() {\n\tif a && b {\n\t}\n}\n")
	write("root.go", "package quartet\n\nfunc F() {\n\ta()\n}\n")

	module := &tree{root: root}
	path, code, err := edit{"some/dir.F", "if a && b {", "if false {"}.made(module)
	require.NoError(t, err)
	require.Equal(t, a, path)
	require.Contains(t, code, "func F() {\n\tif false {\n\t}\n}\n\nfunc (t *T[A, B]) M()")

	_, code, err = edit{"some/dir.(*T).M", "c()", "d()"}.made(module)
	require.NoError(t, err)
	require.Contains(t, code, "M() { d() }")

	_, code, err = edit{"quartet.F", "", "\treturn\n"}.made(module)
	require.NoError(t, err)
	require.Contains(t, code, "func F() {\n\treturn\n\ta()\n}")

	for _, e := range []edit{
		{"some/dir", "if a && b {", "twice"},
		{"some/dir.F", "if b", "never"},
		{"some/dir.G", "x", "no function"},
		{"some/dir/c.go", "x", "no file"},
		{"none", "x", "no folder"},
	} {
		_, _, err := e.made(module)
		require.Error(t, err, "%v", e)
	}
	_, err = broke(root, []edit{{"some/dir.F", "if a && b {", "if false {"}, {"none", "x", "y"}})
	require.Error(t, err)
	module, err = broke(root, []edit{
		{"some/dir.F", "if a && b {", "if false {"},
		{"some/dir.F", "if false {", "if true {"},
	})
	require.NoError(t, err)
	require.Contains(t, module.changed[a], "func F() {\n\tif true {")
	require.Equal(t, []string{"./some/dir"}, module.packages())
}
