package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
)

// edit replaces old, which must be at its place exactly once, by new. Spaces and line ends in old
// match any others.
//
// A place is a file ("map.go"), a package by its folder ("workerpool"; "quartet" is the root), or a
// function in one, wherever it is declared there ("workerpool.(*Pool).Resize", "quartet.Go"). In a
// function an empty old is the beginning of its body.
type edit struct{ place, old, new string }

// site is a stretch of a file.
type site struct {
	path     string
	code     string
	from, to int
}

// sites returns where e may apply.
func (e edit) sites(t *tree) ([]site, error) {
	if strings.HasSuffix(e.place, ".go") {
		return t.wholeFile(filepath.Join(t.root, filepath.FromSlash(e.place)))
	}
	folder, name, _ := strings.Cut(filepath.Base(filepath.FromSlash(e.place)), ".")
	dir := filepath.Join(t.root, filepath.Dir(filepath.FromSlash(e.place)), folder)
	if folder == "quartet" {
		dir = t.root
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var found []site
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") && folder != "executortest" {
			continue
		}
		in, err := t.sitesIn(path, name)
		if err != nil {
			return nil, err
		}
		found = append(found, in...)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("there is no %s", e.place)
	}
	return found, nil
}

func (t *tree) wholeFile(path string) ([]site, error) {
	code, err := t.read(path)
	return []site{{path, code, 0, len(code)}}, err
}

// sitesIn returns the functions of that name in a file; all of it when name is empty.
func (t *tree) sitesIn(path, name string) ([]site, error) {
	all, err := t.wholeFile(path)
	if err != nil || name == "" {
		return all, err
	}
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, path, all[0].code, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var found []site
	for _, decl := range tree.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Body != nil && funcName(f) == name {
			found = append(found,
				site{path, all[0].code, files.Position(f.Pos()).Offset, files.Position(f.End()).Offset})
		}
	}
	return found, nil
}

// funcName is what a stack calls the function, without type parameters.
func funcName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	receiver, pointer := f.Recv.List[0].Type, false
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver, pointer = star.X, true
	}
	switch generic := receiver.(type) {
	case *ast.IndexExpr:
		receiver = generic.X
	case *ast.IndexListExpr:
		receiver = generic.X
	}
	name := receiver.(*ast.Ident).Name
	if pointer {
		name = "(*" + name + ")"
	}
	return name + "." + f.Name.Name
}

// made returns the file that e changes, and its code with the change.
func (e edit) made(t *tree) (path, code string, err error) {
	sites, err := e.sites(t)
	if err != nil {
		return "", "", err
	}
	times := 0
	for _, s := range sites {
		for _, at := range e.matches(s) {
			times++
			path, code = s.path, s.code[:s.from+at[0]]+e.new+s.code[s.from+at[1]:]
		}
	}
	if times != 1 {
		return "", "", fmt.Errorf("the text to replace is %d times in %s: %q", times, e.place, e.old)
	}
	return path, code, nil
}

func (e edit) matches(s site) [][]int {
	code := s.code[s.from:s.to]
	words := strings.Fields(e.old)
	if len(words) == 0 {
		brace := strings.Index(code, "{\n") + 2
		return [][]int{{brace, brace}}
	}
	for i, w := range words {
		words[i] = regexp.QuoteMeta(w)
	}
	return regexp.MustCompile(strings.Join(words, `\s+`)).FindAllStringIndex(code, -1)
}
