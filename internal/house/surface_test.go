package house_test

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// inner are names of internal packages, as a comment would mention a symbol of theirs.
var inner = regexp.MustCompile(`\b(task|intake|leaf|ring|fiber|wire|proc|child|bulk|farerror|goid|draw|late)\.[A-Z]\w+`)

// A program cannot name a type of an internal package, so go doc shows none: neither in a signature
// or an exported field nor in words.
func TestNoInternalTypeInGoDoc(t *testing.T) {
	var found []string
	for _, dir := range public {
		for name, file := range parsed(t, dir) {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			hidden := internalImports(file)
			for _, d := range file.Decls {
				for _, shown := range exported(d) {
					ast.Inspect(shown, func(n ast.Node) bool {
						s, ok := n.(*ast.SelectorExpr)
						if !ok {
							return true
						}
						if x, ok := s.X.(*ast.Ident); ok && hidden[x.Name] {
							found = append(found, fmt.Sprintf("%s: %s.%s", name, x.Name, s.Sel.Name))
						}
						return true
					})
				}
				if words := inner.FindString(commentOf(d)); words != "" {
					found = append(found, fmt.Sprintf("%s: in words: %s", name, words))
				}
			}
		}
	}
	slices.Sort(found)
	require.Empty(t, found)
}

// internalImports are the names under which a file knows internal packages.
func internalImports(file *ast.File) map[string]bool {
	names := map[string]bool{}
	for _, i := range file.Imports {
		of, _ := strconv.Unquote(i.Path.Value)
		if !strings.Contains(of, "/internal/") {
			continue
		}
		name := path.Base(of)
		if i.Name != nil {
			name = i.Name.Name
		}
		names[name] = true
	}
	return names
}

// exported are the types and the values that go doc shows of a declaration.
func exported(d ast.Decl) (types []ast.Node) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiver(d.Recv.List[0].Type))) {
			types = append(types, d.Type)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() {
					types = append(types, members(s.Type)...)
				}
			case *ast.ValueSpec:
				if !slices.ContainsFunc(s.Names, (*ast.Ident).IsExported) {
					continue
				}
				if s.Type != nil {
					types = append(types, s.Type)
				}
				for _, value := range s.Values {
					types = append(types, value)
				}
			}
		}
	}
	return types
}

// members are the exported fields of a struct, which may hide others, and any other type whole.
func members(of ast.Expr) (types []ast.Node) {
	s, ok := of.(*ast.StructType)
	if !ok {
		return []ast.Node{of}
	}
	for _, field := range s.Fields.List {
		if len(field.Names) == 0 || slices.ContainsFunc(field.Names, (*ast.Ident).IsExported) {
			types = append(types, field.Type)
		}
	}
	return types
}

// commentOf is the comment that go doc shows of a declaration.
func commentOf(d ast.Decl) string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiver(d.Recv.List[0].Type))) {
			return d.Doc.Text()
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if s, ok := spec.(*ast.TypeSpec); ok && s.Name.IsExported() {
				return d.Doc.Text()
			}
		}
	}
	return ""
}
